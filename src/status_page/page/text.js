// Numbers and times as the viewer writes them.
const format = options => new Intl.NumberFormat(undefined, options);
const whole = format({ maximumFractionDigits: 0 });
const oneDigit = format({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDigits = format({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = format({ notation: 'compact', maximumFractionDigits: 1 });
const percentage = format({ style: 'percent', maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const NONE = '–';

const known = value => value !== null && value !== undefined && Number.isFinite(value);
const count = value => !known(value) ? NONE : value < 100000 ? whole.format(value) : compact.format(value);
const percent = value => known(value) ? percentage.format(value) : NONE;
const at = millis => clock.format(new Date(millis));

function rate(value) {
  if (!known(value)) return NONE;
  return value > 0 && value < 10 ? oneDigit.format(value) : count(value);
}

function time(millis) {
  if (!known(millis)) return NONE;
  if (millis === 0) return '0 ms';
  if (millis >= 1000) return `${(millis < 10000 ? twoDigits : oneDigit).format(millis / 1000)} s`;
  if (millis >= 10) return `${whole.format(millis)} ms`;
  return `${(millis >= 1 ? oneDigit : twoDigits).format(millis)} ms`;
}

// 1 node, 2 nodes
const plural = (number, word) => `${whole.format(number)} ${word}${number === 1 ? '' : 's'}`;
