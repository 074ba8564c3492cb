#!/bin/sh
# wwz as plain CGI, one process for each request: for web servers that speak
# nothing better.
#
# Options of wwz go into WWZ_OPTIONS, with blanks between; a backslash stands
# before a blank that belongs to a name.  Arguments of a CGI program may come
# from the URL, so wwz takes none.
export WWZ_OPTIONS='--root /srv/www'
exec /usr/local/bin/wwz
