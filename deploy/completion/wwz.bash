# shellcheck shell=bash
# bash completion of wwz: its commands and options, as `wwz help` lists them, and
# file names for everything else.

_wwz() {
	local command=${COMP_WORDS[1]} list=
	# Options that follow the program's name are those of serve.
	[[ $command != -* ]] || command=serve
	if [[ $COMP_CWORD -eq 1 && $2 != -* || $command == help ]]; then
		list=$("$1" help 2>/dev/null | sed -n '3,/^$/s/^wwz \([^ ]*\).*/\1/p')
	elif [[ $2 == -* ]]; then
		list=$("$1" help "$command" 2>/dev/null |
			sed -n 's/^  \(--[^[ ,]*\).*/\1/p')
		list+=" --help"
		[[ $COMP_CWORD -ne 1 ]] || list+=" --version"
	fi
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$2")
}
complete -o default -F _wwz wwz
