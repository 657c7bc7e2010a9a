"""The simulated commands, one module per family; each exports `COMMANDS`."""
