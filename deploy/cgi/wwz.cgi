#!/bin/sh
# wwz as plain CGI, with one process for each request, for web servers that have
# nothing better.
#
# Put the options of wwz into WWZ_OPTIONS, separated by blanks.  Write a backslash
# before a blank that belongs to a name.  wwz ignores the arguments of a CGI
# program, because they may come from the URL.
export WWZ_OPTIONS='--root /srv/www'
exec /usr/local/bin/wwz
