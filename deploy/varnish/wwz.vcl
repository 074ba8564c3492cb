vcl 4.1;
# Varnish 7 in front of the web server that asks wwz: members are kept, and none of
# them is older than a second.
#
# Put this file at /etc/varnish/default.vcl, and the web server's address here.

backend default {
	.host = "127.0.0.1";
	.port = "8080";
}

sub vcl_recv {
	# Varnish would fetch all of a large member for a few of its bytes.  It
	# cannot pass on an answer with several ranges, so it sends all instead.
	if (req.url ~ "\.wwz(/|\?|$)") {
		if (req.http.Range ~ ",") {
			unset req.http.Range;
		} else if (req.http.Range) {
			return (pass);
		}
	}
}

sub vcl_backend_response {
	# Varnish by itself keeps nothing that says "no-cache", and fetches it whole
	# each time.  With this, it asks with the entity tag after a second, which
	# wwz answers with 304.
	if (bereq.url ~ "\.wwz(/|\?|$)" && beresp.status == 200 &&
	    beresp.http.ETag && beresp.http.Cache-Control == "no-cache") {
		set beresp.ttl = 1s;
		set beresp.grace = 0s;
		set beresp.keep = 1h;
		return (deliver);
	}
}
