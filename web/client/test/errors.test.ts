import { expect, test } from "vitest";
import { errorOf, refusalOf } from "../src/errors.ts";

test("a problem of the service keeps its code, its words and what it suggests", () => {
  const retrySuggestions = [{ action: "unlock", reason: "it has a password" }];
  const error = errorOf(
    { code: "encrypted", detail: "The document is encrypted.", retryable: true, retrySuggestions },
    { status: 422 },
  );
  expect(error).toMatchObject({ code: "encrypted", message: "The document is encrypted.", retryable: true });
  expect(error.retrySuggestions).toEqual(retrySuggestions);
});

test.each([
  [401, "unauthorized", false],
  [403, "forbidden", false],
  [413, "too_large", false],
  [429, "rate_limited", false],
  [502, "unreachable", true],
  [503, "unreachable", true],
  [504, "unreachable", true],
  [404, "invalid_request", false],
  [500, "internal", false],
])("what a proxy answers with %i is %s", (status, code, retryable) => {
  for (const body of ["<html>Bad Gateway</html>", null, undefined, []])
    expect(errorOf(body, { status })).toMatchObject({ code, status, retryable });
  const away = errorOf(null, { status }).message === "The service can't be reached.";
  expect(away).toBe(code === "unreachable");
});

test("the service's own word on whether trying again may help goes before what a status means", () => {
  const told = { code: "fetch_failed", detail: "The address does not answer." };
  expect(errorOf({ ...told, retryable: true }, { status: 502 }).retryable).toBe(true);
  expect(errorOf({ ...told, retryable: false }, { status: 503 }).retryable).toBe(false);
});

test("a key that may not do something is another thing than a key that is not valid", () => {
  const told = { code: "unauthorized", detail: "This key may not submit." };
  expect(errorOf(told, { status: 401 }).code).toBe("unauthorized");
  expect(errorOf(told, { status: 403 })).toMatchObject({ code: "forbidden", message: told.detail });
  expect(refusalOf(told)).toMatchObject({ code: "forbidden", retryable: false });
  expect(refusalOf({ code: "too_large", message: "Too large." }).code).toBe("too_large");
});
