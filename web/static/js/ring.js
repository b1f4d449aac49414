// Where a ring of affected houses lies, and choosing its middle on the map.
import { LATE } from "./pure/colours.js";

export function start(map, ui) {
  const form = document.getElementById("ring");
  let circle = null;
  const draw = (lat, lon, radius, fit) => {
    if (circle) circle.remove();
    circle = L.circle([lat, lon], { radius, color: LATE, weight: 2, fillOpacity: 0.12 }).addTo(map);
    if (fit) map.fitBounds(circle.getBounds().pad(0.4));
  };
  if (ui.spot) draw(ui.spot[1], ui.spot[0], ui.spot[2], true);
  map.on("click", (event) => {
    form.elements.lon.value = event.latlng.lng.toFixed(6);
    form.elements.lat.value = event.latlng.lat.toFixed(6);
    draw(event.latlng.lat, event.latlng.lng, Number(form.elements.radius.value) || 300, false);
  });
  document.documentElement.dataset.ready = "true"; // tests wait for it
}
