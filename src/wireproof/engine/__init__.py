"""Survey, plan, play: the rooms that do I/O, and the run that ties them into one stream of events."""
