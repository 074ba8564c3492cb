#!/bin/sh
# wwz as plain CGI, one process for each request: for web servers that speak
# nothing better.  Options of wwz go into the last line.
#
# What the web server passes as arguments comes from the URL or names the
# archive, and is not passed on.
exec /usr/local/bin/wwz serve --root /srv/www
