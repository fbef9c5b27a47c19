"""Links against the shared contract, and against peers that mean no good."""
