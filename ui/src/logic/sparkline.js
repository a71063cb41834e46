//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** A small chart of one figure over time. */

/** A margin that keeps the line's width and the last point's dot inside. */
const MARGIN = 3;

/**
 * The chart's geometry for points `[[unix seconds, bytes], …]`, oldest first; null when there is nothing to draw.
 * The base line is zero only where the figure comes near it: growth is what is to be seen.
 */
export function sparkline(points, { width, height }) {
  if (points.length === 0) {
    return null;
  }
  const times = points.map(([time]) => time);
  const values = points.map(([, value]) => value);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // A size that hardly changes is a flat line, not noise drawn to full height.
  const span = Math.max(high - low, high * 0.1, 1);
  const floor = Math.max(0, (low + high - span) / 2);
  const x = (time) => MARGIN + (to > from ? (time - from) / (to - from) : 1) * (width - 2 * MARGIN);
  const y = (value) => height - MARGIN - ((value - floor) / span) * (height - 2 * MARGIN);
  const line = points.map(([time, value]) => [round(x(time)), round(y(value))]);
  return {
    line: line.map((point) => point.join(",")).join(" "),
    last: { x: line[line.length - 1][0], y: line[line.length - 1][1] },
    low,
    high,
  };
}

function round(number) {
  return Math.round(number * 10) / 10;
}

/** How the last figure compares with the first, for those who don't see the line: "grew", "shrank" or "steady". */
export function trend(points) {
  const first = points[0][1];
  const last = points[points.length - 1][1];
  if (Math.abs(last - first) <= first * 0.02) {
    return "steady";
  }
  return last > first ? "grew" : "shrank";
}
