/** Address and port of one end of a connection; IPv6 in brackets (RFC 3986 section 3.2.2). "" when nothing is known. */
export function endText(ip: string | null, port: number | null): string {
  if (ip === null) return '';
  if (port === null) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
