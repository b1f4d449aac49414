"""The register kept at the door, and the clerk's list of what waits."""
