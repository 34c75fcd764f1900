// How numbers, times and ages read on the page.

const integer = new Intl.NumberFormat('en');
const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const fullTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** 12,345 */
export const count = n => integer.format(n);

/** One job, 2 jobs. */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** 0.4 s, 42 s, 3m 20s, 2h 05m, 3d 4h: two units at most, so that columns stay narrow. */
export function duration(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(Math.floor(seconds % 60))}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${pad(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** just now, 12 s ago, 5 min ago, 3 h ago, 2 d ago */
export function ago(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** 14:32:07, local time. */
export const clock = time => clockTime.format(time);

/** 20 Nov 2026, 14:32:07, local time. */
export const dateTime = time => fullTime.format(time);

/** Jobs per second: 0, 0.4, 12.3, 1,234. */
export const rate = perSecond =>
  perSecond === 0 ? '0' : perSecond < 100 ? perSecond.toFixed(1) : integer.format(Math.round(perSecond));

const pad = n => String(n).padStart(2, '0');
