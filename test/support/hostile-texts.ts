/**
 * Ordinary prompts that word lists refuse, and bytes that break careless code. All of them must come back
 * unchanged.
 */
export const hostileTexts: string[] = [
  '<script>alert(1)</script>',
  'select * from users; drop table jobs; --',
  "'; delete from entries where '1' = '1",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a hostile text, not a template
  '$(rm -rf /) `id` && echo ${HOME}',
  '../../../../etc/passwd %2e%2e%2f',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a hostile text, not a template
  '{{7*7}} ${7*7} <%= 7*7 %>',
  '\r\nSet-Cookie: a=b\r\n\r\n',
  'data: {"type":"done"}\n\nevent: end\n\n',
  '{"a":{"b":[1,2,{"c":null}]}}',
  '\\u0000 \\ud800 written out',
  'tabs\tand\u000bvertical\u000ctabs\u0007bell\u001bescape',
  'Ω≈ç√∫˜µ≤≥÷ ﷽ \u202Ertl\u202C \u200Bzero width',
  '👩‍👩‍👧‍👦 🏳️‍🌈 \u{1F468}\u{1F3FD}',
  '表ポあA鷗ŒéＢ逍Üßªąñ丂㐀𠀀',
  'Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮',
  '\uFEFFbyte order mark in front',
  '\u2028line\u2029paragraph separators',
  '__proto__ constructor prototype toString',
  'NaN Infinity -0 1e999 0x10 1_000',
  'he said "yes" and she said \'no\' \\ backslash',
  '%s %d %n %x {0} {} $1 $& $$',
  'a'.repeat(3000),
];
