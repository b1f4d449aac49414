"""Paper for the grids, and the page that its QR code opens."""
