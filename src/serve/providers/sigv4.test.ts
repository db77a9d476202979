import { expect, it } from "vitest";
import { type AwsCredentials, signAws } from "./sigv4.ts";

const KEYS: AwsCredentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const NOW = new Date("2015-08-30T12:36:00.123Z");
const REQUEST = { method: "GET", body: "", region: "us-east-1", service: "service" };

const BEDROCK = {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  region: "us-east-1",
  service: "bedrock",
};
const HOST = "https://bedrock-runtime.eu-west-1.amazonaws.com";

// The first two are of AWS's published test suite; the others were signed by AWS's own client.
it.each([
  [
    "nothing but a host",
    { ...REQUEST, url: "https://example.amazonaws.com/" },
    "host;x-amz-date",
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  ],
  [
    "a query in another order",
    { ...REQUEST, url: "https://example.amazonaws.com/?Param2=value2&Param1=value1" },
    "host;x-amz-date",
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  ],
  [
    "a query with a name twice, and a header with spaces",
    {
      ...REQUEST,
      url: "https://example.amazonaws.com/?Param1=value2&Param1=Value1&b%20c=%C3%A9!",
      headers: { "My-Header": "  a   b " },
    },
    "host;my-header;x-amz-date",
    "80c59d72c7e0c2d0fd9a7d765b0d2907eabe3496d1123a22f119e4e97b4edc55",
  ],
  [
    "a model's name with a colon",
    {
      ...BEDROCK,
      url: `${HOST}/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse-stream`,
      body: '{"a":"é"}',
    },
    "content-type;host;x-amz-date",
    "31b4dfd69b1e5218f6f543badce3e75429081625fc74c720b77c227328255d3a",
  ],
])("signs %s", (_, { url, ...request }, names, signature) => {
  const day = `20150830/us-east-1/${request.service}/aws4_request`;
  expect(signAws({ ...request, url: new URL(url) }, KEYS, NOW)).toEqual({
    "x-amz-date": "20150830T123600Z",
    authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${day}, SignedHeaders=${names}, Signature=${signature}`,
  });
});

it("signs with temporary keys", () => {
  const model = "arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx";
  const url = new URL(`${HOST}/model/${model}/converse`);
  const request = { ...BEDROCK, url, body: Buffer.from('{"a":1}') };
  const signed = signAws(request, { ...KEYS, sessionToken: "TOKEN==" }, NOW);
  expect(signed["x-amz-security-token"]).toBe("TOKEN==");
  expect(signed["authorization"]).toContain(
    "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=1518dd55ca06ca5536431e4b2f9a56104c454a8e32755ec9a556562ca4a55d47",
  );
});
