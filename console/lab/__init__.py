"""A simulated pair behind real SSH servers, for trying, training and testing."""
