/** Weir's mark: water that comes in high, falls over the crest and leaves low, past three gates. */
export function Logo() {
  return (
    <svg viewBox="0 0 32 32" fill="none" strokeLinecap="round" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0a4a57" />
      <path d="M4 9.5h8.5c5 0 4 13 9.500 13h6" stroke="#fff" strokeWidth="2.6" />
      <path
        d="M4 14.5h6.500c4.500 0 4.500 12.800 10 12.800h7.500"
        stroke="#7fd3dc"
        strokeWidth="2.2"
      />
      <path d="M17.500 5v4.500M21.500 5v8M25.500 5v10" stroke="#f0bd62" strokeWidth="2.2" />
    </svg>
  );
}
