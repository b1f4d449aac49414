"""What the planner's pages load beside their modules."""

from layers.page import SCRIPTS, STYLES

EDITOR_SCRIPTS = (*SCRIPTS, "vendor/geoman/leaflet-geoman.min.js")
EDITOR_STYLES = (*STYLES, "vendor/geoman/leaflet-geoman.css", "css/editor.css")
