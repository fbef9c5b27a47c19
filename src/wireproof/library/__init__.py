"""The data of the house: strict files, schemas and the catalogue, as values. Nothing here talks to a target."""
