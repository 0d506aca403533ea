// better-sqlite3 13 keeps references to JS strings, which Node-API has from version 10 on. For older runtimes the
// string is put in a one-element array and the reference is kept to that. Each edit must hit exactly once: when the
// package changes, this fails loudly instead of building something odd.
import { Trouble } from '../lib/log.mjs';

export const patchVersion = 1;

const KEPT_STRING = `// Node-API 9 keeps references to objects only: the string lives in a one-element array.
class KeptString {
public:
	KeptString() {}
	KeptString(Napi::Env env, Napi::String text) {
		Napi::Array box = Napi::Array::New(env, 1);
		box.Set(static_cast<uint32_t>(0), text);
		ref = Napi::Persistent(static_cast<Napi::Object>(box));
	}
	Napi::String Value() const {
		return ref.Value().Get(static_cast<uint32_t>(0)).As<Napi::String>();
	}
private:
	Napi::ObjectReference ref;
};

`;

/** @typedef {{ file: string, from: string, to: string, count?: number }} Edit */

/** @type {Edit[]} */
export const edits = [
  {
    file: 'src/util/helpers.cpp',
    from: 'inline void SetFrozen(',
    to: `${KEPT_STRING}inline void SetFrozen(`,
  },
  {
    file: 'src/util/helpers.cpp',
    from: 'const Napi::Reference<Napi::String>& key',
    to: 'const KeptString& key',
  },
  {
    file: 'src/util/constants.cpp',
    from: 'Napi::Reference<Napi::String>& constant',
    to: 'KeptString& constant',
  },
  {
    file: 'src/util/constants.cpp',
    from: 'constant = Napi::Persistent(InternalizedFromLatin1(env, str))',
    to: 'constant = KeptString(env, InternalizedFromLatin1(env, str))',
  },
  {
    file: 'src/util/constants.cpp',
    from: 'codes.emplace(code, Napi::Persistent(InternalizedFromLatin1(env, str)))',
    to: 'codes.emplace(code, KeptString(env, InternalizedFromLatin1(env, str)))',
  },
  { file: 'src/util/constants.cpp', from: 'Napi::Reference<Napi::String>', to: 'KeptString', count: 19 },
  {
    file: 'src/util/bind-map.cpp',
    from: 'name(Napi::Persistent(InternalizedFromUtf8(env, name, -1)))',
    to: 'name(env, InternalizedFromUtf8(env, name, -1))',
  },
  {
    file: 'src/util/bind-map.cpp',
    from: 'name(Napi::Persistent(pair->name.Value()))',
    to: 'name(env, pair->name.Value())',
  },
  {
    file: 'src/util/bind-map.cpp',
    from: 'const Napi::Reference<Napi::String> name',
    to: 'const KeptString name',
  },
];

/** @param {string} text @param {Edit} edit */
export function applyEdit(text, edit) {
  const parts = text.split(edit.from);
  const wanted = edit.count ?? 1;
  if (parts.length - 1 !== wanted) {
    throw new Trouble(
      `better-sqlite3 is not the version that the patch is for: ${edit.file} has "${edit.from}" ${parts.length - 1} times`,
      [`expected ${wanted}; see build/steps/sqlite-source.mjs`],
    );
  }
  return parts.join(edit.to);
}

/** The defines that the package compiles SQLite with. @param {string} gypi the text of deps/defines.gypi */
export function readDefines(gypi) {
  const found = [...gypi.matchAll(/'([A-Z][A-Z0-9_]*(?:=[^']*)?)'/g)].map((match) => match[1] ?? '');
  if (found.length < 20)
    throw new Trouble('better-sqlite3 no longer lists its SQLite options in deps/defines.gypi');
  return found;
}
