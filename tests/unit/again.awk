# From what a test program wrote that failed: how each of its tests that failed is
# run again; where it named none, how it is.  run is the command.
/^\[  FAILED  \] [a-z0-9_]+$/ { failed[$4] }
END {
	for (name in failed) {
		some = 1
		print "again: UNIT_TEST=" name " " run
	}
	if (!some)
		print "again: " run
}
