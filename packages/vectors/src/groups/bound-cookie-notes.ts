import type { Flag } from "../group.ts";

export const boundCookieNotes: Readonly<Record<string, Flag>> = {
  Ordinary: {
    bugType: "interoperability",
    description: "A cookie as it was issued, with the key it was issued to.",
    effect: "Nobody stays logged in.",
  },
  Stolen: {
    bugType: "token theft",
    description: "A cookie with another key, or with none (TBP-5-03, TBP-5-04).",
    effect: "Whoever copies the cookie is logged in: the very thing that Token Binding is to prevent.",
  },
  Unbound: {
    bugType: "policy",
    description: "A token without a binding, which only acceptUnbound honours (TBP-5-05).",
    effect: "A stolen cookie is made usable by taking the binding out, or old clients are locked out.",
  },
  Tampered: {
    bugType: "forgery",
    description: "The binding is removed or replaced and the MAC left as it was (TBP-7.1-02).",
    effect: "A stolen cookie is bound to the thief's key.",
  },
  WrongMac: {
    bugType: "forgery",
    description: "The MAC is missing, cut, or made with another secret.",
    effect: "Anybody can make cookies.",
  },
  AlgorithmConfusion: {
    bugType: "algorithm confusion",
    description: "The header names another algorithm than HS256.",
    effect: "The token says how it is to be verified, for example not at all.",
  },
  Expired: {
    bugType: "missing check",
    description: "The token has expired, is not valid yet, or never expires.",
    effect: "A logged-out session lives on.",
  },
  MovedName: {
    bugType: "missing check",
    description: "A good token of another cookie, with another audience.",
    effect: "A cookie for one purpose opens the door for another.",
  },
  WrongType: {
    bugType: "missing check",
    description: "A token of another kind that the same secret has signed.",
    effect: "An e-mail confirmation link serves as a session.",
  },
  OtherConfirmation: {
    bugType: "missing check",
    description: "cnf is not one that holds a tbh and nothing else: every member has to be proven.",
    effect: "A token bound by other or further means counts as bound by its tbh alone, or as not bound.",
  },
  CookieHeader: {
    bugType: "parsing",
    description: "How the cookie is found in the Cookie field.",
    effect: "The wrong cookie is taken, or none.",
  },
};
