const units = ["bytes", "KB", "MB", "GB"];

// size is a number of bytes as people say it, as the server does: "1.4 MB".
export function size(bytes) {
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}
