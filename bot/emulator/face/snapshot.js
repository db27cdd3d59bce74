// A picture for a person to send: drawn on the spot, so that the page needs no file.

/** Draw a small landscape; gives the base64 of its PNG. */
export function snapshot() {
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 200;
  const draw = canvas.getContext("2d");
  const sky = draw.createLinearGradient(0, 0, 0, 200);
  sky.addColorStop(0, "#8fc3ea");
  sky.addColorStop(1, "#fbe6c8");
  draw.fillStyle = sky;
  draw.fillRect(0, 0, 320, 200);
  draw.fillStyle = "#f6c667";
  draw.beginPath();
  draw.arc(236, 84, 26, 0, 2 * Math.PI);
  draw.fill();
  hill(draw, "#7fa58d", 150, 26);
  hill(draw, "#56806b", 172, -18);
  return canvas.toDataURL("image/png").split(",")[1];
}

function hill(draw, colour, height, bend) {
  draw.fillStyle = colour;
  draw.beginPath();
  draw.moveTo(0, height + bend);
  draw.quadraticCurveTo(160, height - 2 * bend, 320, height);
  draw.lineTo(320, 200);
  draw.lineTo(0, 200);
  draw.fill();
}
