import { Link } from "wouter";

/** Leads to what is in a file. */
export function FileLink({ fileRef, name }: { fileRef: string; name: string }) {
  return <Link href={`/models/file?${new URLSearchParams({ ref: fileRef })}`}>{name}</Link>;
}
