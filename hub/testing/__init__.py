"""What tests of the hub and of other people's connectors share: the standard checks, hostile inputs."""
