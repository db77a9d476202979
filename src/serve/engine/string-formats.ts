/** Grammars for the content of strings with a `format`: digits in the right places and ranges. */
export const STRING_FORMATS: ReadonlyMap<string, string> = new Map(
  Object.entries(formats()).map(([name, body]) => [name, body]),
);

function formats(): Record<string, string> {
  const month = '( "0" [1-9] | "1" [0-2] )';
  // The 29th to the 31st are not in every month; a date that must exist ends at the 28th.
  const day = '( "0" [1-9] | "1" [0-9] | "2" [0-8] )';
  const date = `[0-9]{4} "-" ${month} "-" ${day}`;
  const hour = '( [01] [0-9] | "2" [0-3] )';
  const clock = `${hour} ":" [0-5] [0-9] ":" [0-5] [0-9] ( "." [0-9]{1,6} )?`;
  const zone = `( "Z" | [+-] ${hour} ":" [0-5] [0-9] )`;
  const byte = '( "25" [0-5] | "2" [0-4] [0-9] | "1" [0-9]{2} | [1-9]? [0-9] )';
  const label = "[a-z0-9] ( [a-z0-9-]{0,30} [a-z0-9] )?";
  const host = `${label} ( "." ${label} ){0,3}`;
  return {
    date,
    time: `${clock} ${zone}`,
    "date-time": `${date} "T" ${clock} ${zone}`,
    uuid: '[0-9a-f]{8} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{12}',
    ipv4: `${byte} "." ${byte} "." ${byte} "." ${byte}`,
    hostname: host,
    email: `[a-zA-Z0-9] [a-zA-Z0-9._+-]{0,40} "@" ${label} ( "." ${label} ){1,3}`,
    uri: `"http" "s"? "://" ${host} ( "/" [a-zA-Z0-9._~-]{1,60} ){0,8} ( "?" [a-zA-Z0-9._~=&-]{1,80} )?`,
  };
}
