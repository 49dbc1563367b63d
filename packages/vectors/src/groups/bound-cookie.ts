import { base64url, flip, nothingUpMySleeve } from "../make/bytes.ts";
import { boundCookieNotes } from "./bound-cookie-notes.ts";
import { ecJwk } from "../make/ec.ts";
import { type Fields, Group } from "../group.ts";
import { farFuture, jwt, omit, withPart } from "../make/jwt.ts";
import { codes, ec, ecPublicKey, hashOf, otherEc, rsa, rsaPublicKey, tokenBindingId } from "../make/keys.ts";
import { rsaJwk } from "../make/rsa.ts";

const secret = nothingUpMySleeve("cookie secret");
const otherSecret = nothingUpMySleeve("another cookie secret");
const cookieName = "__Host-session";

const ecId = tokenBindingId(codes.ecdsap256, ecPublicKey(ec));
const proof = (id: Uint8Array, keyParameters: string): Fields => ({
  id: base64url(id),
  tbh: hashOf(id),
  keyParameters,
});
const provided = proof(ecId, "ecdsap256");
const other = proof(tokenBindingId(codes.ecdsap256, ecPublicKey(otherEc)), "ecdsap256");
const pkcs1 = proof(tokenBindingId(0, rsaPublicKey(rsa)), "rsa2048_pkcs1.5");
const pss = proof(tokenBindingId(1, rsaPublicKey(rsa)), "rsa2048_pss");
const tbh = hashOf(ecId);

const claims: Fields = { sub: "alice", cnf: { tbh }, aud: cookieName, iat: 1750000000, exp: farFuture };
const token = jwt(claims, secret);
const unboundClaims = omit(claims, "cnf");

/** Session cookies whose value is a JWT bound by cnf.tbh. */
export function boundCookie(): Group {
  const group = new Group(9501, {
    group: "bound-cookie",
    header:
      "Session cookies bound to a Token Binding ID (RFC 8471 section 5): the value is a JWT signed with HS256, bound by cnf.tbh (draft-ietf-oauth-token-binding-08 section 3.4), and its audience is the cookie's name. provided is what the request has proven, null for nothing. The tokens expire in 2100.",
    notes: boundCookieNotes,
    keys: {
      secret: { kty: "oct", alg: "HS256", k: base64url(secret) },
      otherSecret: { kty: "oct", alg: "HS256", k: base64url(otherSecret) },
      ...{ ec: ecJwk(ec), otherEc: ecJwk(otherEc), rsa: rsaJwk(rsa) },
    },
  });

  interface Request {
    readonly provided?: Fields | null;
    readonly acceptUnbound?: boolean;
    /** The whole Cookie field; by default the token under the right name. */
    readonly cookie?: string;
  }
  const inputs = (value: string, request: Request) => ({
    cookieName,
    secret: base64url(secret),
    acceptUnbound: request.acceptUnbound ?? false,
    provided: request.provided === undefined ? provided : request.provided,
    cookie: request.cookie ?? `${cookieName}=${value}`,
  });
  const valid = (
    comment: string,
    flags: string,
    rows: string,
    value: string,
    expected: Fields | null,
    request: Request = {},
  ) => {
    group.valid({ comment, flags, requirements: rows }, inputs(value, request), { claims: expected });
  };
  const invalid = (
    code: string,
    comment: string,
    flags: string,
    rows: string,
    value: string,
    request: Request = {},
  ) => {
    group.invalid({ comment, flags, requirements: rows }, inputs(value, request), { code });
  };

  valid("the key it was issued to", "Ordinary", "TBP-5-01 TBP-5-04 TBH-4-01 OTB-3.4-02", token, claims);
  for (const [name, bound] of [
    ["rsa2048_pkcs1.5", pkcs1],
    ["rsa2048_pss", pss],
  ] as const) {
    const own = { ...claims, cnf: { tbh: bound["tbh"]! } };
    valid(`an ${name} key`, "Ordinary", "TBP-5-01 OTB-3.4-02", jwt(own, secret), own, { provided: bound });
  }
  // A number once given is kept: this case was valid as long as a further confirmation was ignored.
  const further = { ...claims, roles: ["reader"], cnf: { tbh, jkt: "x" } };
  invalid(
    "token_invalid",
    "a further confirmation of an unknown kind, beside the tbh that is proven",
    "OtherConfirmation",
    "CNF-01",
    jwt(further, secret),
  );
  invalid("token_binding_mismatch", "another key", "Stolen", "TBP-2-04 TBP-5-04", token, { provided: other });
  invalid("token_binding_mismatch", "another kind of key", "Stolen", "TBP-5-04", token, { provided: pss });
  const rsaToken = jwt({ ...claims, cnf: { tbh: pkcs1["tbh"]! } }, secret);
  invalid(
    "token_binding_mismatch",
    "the same RSA key with the other scheme: another ID",
    "Stolen",
    "TBP-5-04",
    rsaToken,
    { provided: pss },
  );
  invalid("token_binding_missing", "no Token Binding", "Stolen", "TBP-2-04 TBP-5-03", token, {
    provided: null,
  });
  invalid(
    "token_binding_missing",
    "no Token Binding, where unbound tokens are honoured",
    "Stolen",
    "TBP-5-03 TBP-5-05",
    token,
    { provided: null, acceptUnbound: true },
  );
  invalid(
    "token_binding_mismatch",
    "another key, where unbound tokens are honoured",
    "Stolen",
    "TBP-5-04 TBP-5-05",
    token,
    { provided: other, acceptUnbound: true },
  );

  const unbound = jwt(unboundClaims, secret);
  invalid("token_unbound", "issued without a binding", "Unbound", "TBP-5-05", unbound);
  invalid("token_unbound", "issued without a binding, no Token Binding", "Unbound", "TBP-5-05", unbound, {
    provided: null,
  });
  valid("issued without a binding, where that is honoured", "Unbound", "TBP-5-05", unbound, unboundClaims, {
    acceptUnbound: true,
  });
  valid(
    "issued without a binding, where that is honoured, no Token Binding",
    "Unbound",
    "TBP-5-05",
    unbound,
    unboundClaims,
    { acceptUnbound: true, provided: null },
  );

  const tampered = (comment: string, value: string, request: Request = {}) => {
    invalid("token_invalid", comment, "Tampered", "TBP-7.1-02", value, request);
  };
  const without = withPart(token, 1, (value) => omit(value, "cnf"));
  tampered("cnf removed", without);
  tampered("cnf removed, where unbound tokens are honoured", without, {
    acceptUnbound: true,
    provided: null,
  });
  tampered(
    "cnf replaced by the thief's",
    withPart(token, 1, (value) => ({ ...value, cnf: { tbh: other["tbh"]! } })),
    { provided: other },
  );
  tampered(
    "cnf emptied",
    withPart(token, 1, (value) => ({ ...value, cnf: {} })),
  );
  tampered(
    "the user changed",
    withPart(token, 1, (value) => ({ ...value, sub: "mallory" })),
  );
  tampered(
    "the expiry moved",
    withPart(token, 1, (value) => ({ ...value, exp: farFuture + 1 })),
  );
  tampered(
    "a member added to the header",
    withPart(token, 0, (value) => ({ ...value, kid: "1" })),
  );

  const [head, body, mac] = token.split(".") as [string, string, string];
  const wrongMac = (comment: string, value: string) => {
    invalid("token_invalid", comment, "WrongMac", "TBP-7.1-02", value);
  };
  wrongMac("signed with another secret", jwt(claims, otherSecret));
  wrongMac("signed with no secret", jwt(claims, new Uint8Array()));
  wrongMac(
    "the last bit of the MAC turned over",
    `${head}.${body}.${base64url(flip(Buffer.from(mac, "base64url"), -1))}`,
  );
  wrongMac("the first half of the MAC", `${head}.${body}.${mac.slice(0, 22)}`);
  wrongMac("an empty MAC", `${head}.${body}.`);
  wrongMac("no MAC", `${head}.${body}`);
  wrongMac("the MAC of another token", `${head}.${body}.${unbound.split(".")[2]!}`);
  wrongMac("a fourth part", `${token}.${mac}`);
  wrongMac("an empty value", "");
  wrongMac("text", "alice");

  const confused = (comment: string, value: string) => {
    invalid("token_invalid", comment, "AlgorithmConfusion", "TBP-7.1-02", value);
  };
  confused("alg none", jwt(claims, secret, { alg: "none", typ: "JWT" }));
  confused("alg NONE", jwt(claims, secret, { alg: "NONE", typ: "JWT" }));
  confused("alg none with the MAC kept", `${jwt(claims, secret, { alg: "none", typ: "JWT" })}${mac}`);
  confused("HS384", jwt(claims, secret, { alg: "HS384", typ: "JWT" }));
  confused("HS512", jwt(claims, secret, { alg: "HS512", typ: "JWT" }));
  confused(
    "no alg",
    withPart(token, 0, () => ({ typ: "JWT" })),
  );
  confused(
    "a critical header that nobody knows",
    jwt(claims, secret, { alg: "HS256", typ: "JWT", crit: ["tb"], tb: 1 }),
  );
  confused(
    "HS256 under the name of RS256",
    withPart(token, 0, () => ({ alg: "RS256", typ: "JWT" })),
  );

  const expired = (code: string, comment: string, changed: Fields) => {
    invalid(code, comment, "Expired", "", jwt(changed, secret));
  };
  expired("token_expired", "expired in 2000", { ...claims, iat: 946684000, exp: 946684800 });
  expired("token_expired", "expired in 1970", { ...claims, exp: 1 });
  expired("token_invalid", "no expiry", omit(claims, "exp"));
  expired("token_invalid", "an expiry that is text", { ...claims, exp: "4102444800" });
  expired("token_invalid", "not valid before 2099", { ...claims, nbf: farFuture - 1 });
  const old = { ...claims, cnf: { tbh: other["tbh"]! }, exp: 946684800 };
  invalid("token_expired", "expired, and bound to another key", "Expired", "", jwt(old, secret));

  const moved = (comment: string, changed: Fields) => {
    invalid("token_invalid", comment, "MovedName", "TBP-7.1-02", jwt(changed, secret));
  };
  moved("the token of another cookie", { ...claims, aud: "__Host-admin" });
  moved("no audience", omit(claims, "aud"));
  moved("an audience that differs in case", { ...claims, aud: "__Host-Session" });
  moved("an audience that only begins alike", { ...claims, aud: "__Host-session2" });
  const listed = { ...claims, aud: ["https://example.com", cookieName] };
  valid("a list of audiences with the name in it", "MovedName", "TBP-5-01", jwt(listed, secret), listed);

  for (const [comment, header] of [
    ["no typ", { alg: "HS256" }],
    ["typ at+jwt", { alg: "HS256", typ: "at+jwt" }],
    ["typ JOSE", { alg: "HS256", typ: "JOSE" }],
  ] as const) {
    invalid("token_invalid", comment, "WrongType", "TBP-7.1-02", jwt(claims, secret, header));
  }
  for (const [comment, cnf] of [
    ["cnf with x5t#S256 only", { "x5t#S256": tbh }],
    ["an empty cnf", {}],
    ["cnf null", null],
    ["cnf as text", tbh],
    ["a tbh that is a number", { tbh: 1 }],
    ["a tbh that is a list", { tbh: [tbh] }],
  ] as const) {
    const value = jwt({ ...claims, cnf }, secret);
    invalid("token_invalid", comment, "OtherConfirmation", "", value);
    invalid(
      "token_invalid",
      `${comment}, where unbound tokens are honoured`,
      "OtherConfirmation",
      "TBP-5-05",
      value,
      { acceptUnbound: true },
    );
  }
  const spelled = (comment: string, text: string) => {
    invalid(
      "token_binding_mismatch",
      comment,
      "OtherConfirmation",
      "OTB-3.4-02",
      jwt({ ...claims, cnf: { tbh: text } }, secret),
    );
  };
  spelled("a tbh with padding", `${tbh}=`);
  spelled("a tbh in lower case", tbh.toLowerCase());
  spelled("the first 42 characters of the tbh", tbh.slice(0, 42));
  spelled("an empty tbh", "");
  spelled("the ID instead of its hash", base64url(ecId));
  spelled("a hash of the key without the ID's first three bytes", hashOf(ecId.subarray(3)));

  valid("no cookie", "CookieHeader", "TBP-5-01", "", null, { cookie: "" });
  valid("other cookies only", "CookieHeader", "TBP-5-01", "", null, { cookie: "theme=dark; lang=en" });
  valid("among other cookies", "CookieHeader", "TBP-5-01", token, claims, {
    cookie: `theme=dark; ${cookieName}=${token}; lang=en`,
  });
  valid("another cookie whose name ends alike", "CookieHeader", "TBP-5-01", "", null, {
    cookie: `x${cookieName}=${token}`,
  });
  return group;
}
