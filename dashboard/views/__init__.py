"""The parts of the page, one file each; thin: what they show is computed elsewhere."""
