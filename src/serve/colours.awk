# The 256 colours of terminals as classes of CSS.
#
# f0 to f255 colour text.  In both schemes each is made darker or lighter, at
# its hue, until its contrast (as WCAG 2 reckons it) is 4.5 on the background of
# a line, be that one an error or a link's target, whose colours are in log.css.
# On a background, b0 to b255, text is black or white.

function channel(v)
{
	v /= 255
	return v <= 0.03928 ? v / 12.92 : exp(2.4 * log((v + 0.055) / 1.055))
}

function luminance(c)
{
	return 0.2126 * channel(int(c / 65536)) + \
		0.7152 * channel(int(c / 256) % 256) + 0.0722 * channel(c % 256)
}

# The luminance of the palest colour of text on a light background, and of the
# darkest on a dark one.
function limit(back, ratio)
{
	back = luminance(number(back)) + 0.05
	return (back > 0.3 ? back / ratio : back * ratio) - 0.05
}

function number(hex,  i, n)
{
	for (i = 1; i <= 6; i++)
		n = 16 * n + index("0123456789abcdef", substr(hex, i, 1)) - 1
	return n
}

# part of c, and the rest of what: 0 or 255.
function mixed(c, part, what,  i, v, out)
{
	for (i = 65536; i >= 1; i /= 256) {
		v = int(c / i) % 256
		out = 256 * out + int(v * part + what * (1 - part) + 0.5)
	}
	return out
}

function readable(c, what, least,  part)
{
	for (part = 1; part > 0; part -= 0.02)
		if (what == 0 ? luminance(mixed(c, part, what)) <= least : \
				luminance(mixed(c, part, what)) >= least)
			break
	return mixed(c, part, what)
}

BEGIN {
	n = split("000000 d03030 289828 b08800 2f6fe0 b040b0 1f98a8 c0c0c0 " \
		"707070 ff5555 44cc44 e6c000 61a5ff e673e6 40d0d8 ffffff", base)
	for (i = 0; i < 16; i++)
		colour[i] = number(base[i + 1])
	for (i = 0; i < 216; i++) {
		r = int(i / 36); g = int(i / 6) % 6; b = i % 6
		colour[16 + i] = 65536 * (r ? 55 + 40 * r : 0) + \
			256 * (g ? 55 + 40 * g : 0) + (b ? 55 + 40 * b : 0)
	}
	for (i = 0; i < 24; i++)
		colour[232 + i] = (8 + 10 * i) * 65793
	light = limit("fde7e5", 4.55)
	dark = limit("352c10", 4.55)
	for (i = 0; i < 256; i++)
		printf ".f%d{color:#%06x}\n", i, readable(colour[i], 0, light)
	print "@media (prefers-color-scheme: dark) {"
	for (i = 0; i < 256; i++)
		printf ".f%d{color:#%06x}\n", i, readable(colour[i], 255, dark)
	print "}"
	for (i = 0; i < 256; i++)
		printf ".b%d{background:#%06x;color:#%s}\n", i, colour[i], \
			luminance(colour[i]) < 0.179 ? "fff" : "000"
}
