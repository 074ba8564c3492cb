# fish completion of wwz: its commands and options, as `wwz help` lists them, and
# file names for everything else.

# What the other arguments list, as "NAME<TAB>WORDS"; the first one is how a line
# with a name begins.
function __wwz_list
    $argv[2..] 2>/dev/null | awk -v RS= '{ gsub(/\n +/, "\t") } 1' |
        sed -n "s/^$argv[1]\\([^[ ,\\t]*\\)[^\\t]*\\t/\\1\\n/p" | tr '\t' ' ' |
        paste - -
end

function __wwz_names_command
    set -l words (commandline -opc)
    test (count $words) -eq 1; and not string match -q -- '-*' (commandline -ct)
    or test "$words[2]" = help
end

function __wwz_options
    set -l words (commandline -opc)
    set -l command $words[2]
    # Options that follow the program's name are those of serve.
    if test -z "$command"; or string match -q -- '-*' $command
        set command serve
    end
    __wwz_list '  ' $words[1] help $command
    printf '%s\n' --help\t'list the options'
    if test (count $words) -eq 1
        printf '%s\n' --version\t'show the version'
    end
end

complete -c wwz -n __wwz_names_command -f \
    -a '(__wwz_list "wwz " (commandline -opc)[1] help)'
complete -c wwz -n 'not __wwz_names_command; and string match -q -- "-*" (commandline -ct)' \
    -a '(__wwz_options)'
