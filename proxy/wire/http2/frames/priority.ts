/** The priority field value of RFC 9218 §4, packed into one small number. */

/** Urgency 3, not incremental (RFC 9218 §4). */
export const DEFAULT_PRIORITY = 3;
export const INCREMENTAL = 8;

/** Where a dictionary member ends: at the next comma or at the end. */
function memberEnd(text: string, from: number): number {
  const comma = text.indexOf(',', from);
  return comma < 0 ? text.length : comma;
}

/**
 * Urgency in the low three bits, plus INCREMENTAL. Members it does not know, and values out of range, are passed over,
 * as RFC 9218 §4 asks; the last of two equal keys wins (RFC 8941 §4.2.2).
 */
export function parsePriority(text: string): number {
  let priority = DEFAULT_PRIORITY;
  for (let start = 0; start < text.length; ) {
    const end = memberEnd(text, start);
    const member = text.slice(start, end).trim();
    const value = withoutParameters(member);
    if (value.length === 3 && value.startsWith('u=')) {
      const urgency = value.charCodeAt(2) - 0x30;
      if (urgency >= 0 && urgency <= 7) priority = (priority & INCREMENTAL) | urgency;
    } else if (value === 'i' || value === 'i=?1') {
      priority |= INCREMENTAL;
    } else if (value === 'i=?0') {
      priority &= ~INCREMENTAL;
    }
    start = end + 1;
  }
  return priority;
}

function withoutParameters(member: string): string {
  const semicolon = member.indexOf(';');
  return semicolon < 0 ? member : member.slice(0, semicolon).trim();
}
