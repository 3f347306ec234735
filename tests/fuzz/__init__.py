"""Random requests to every URL of the site. None may raise an error."""
