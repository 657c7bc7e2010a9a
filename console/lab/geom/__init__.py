"""The simulated kernel's storage stack: providers, the event thread and the classes on top of them."""
