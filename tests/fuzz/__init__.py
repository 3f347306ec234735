"""Random requests on every address of the site: none may end in an error of ours."""
