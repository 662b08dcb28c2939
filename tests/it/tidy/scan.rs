//! Cuts a source file into what the house rules look at: tokens, comments and the paths that it names.
//!
//! No parser: rules must see into macros, and must not mistake a comment or a string for code. Knows Rust's words, not ours.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Text,
    Number,
    Mark,
}

/// One token; `text` of a string is what stands between its quotes.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) text: String,
    /// Inside `#[cfg(test)]`, or in a file of tests.
    pub(super) test: bool,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark) && self.text == text
    }

    fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }
}

/// A path that the code names, in full: `use` lines are applied, `self` and `super` followed, and what is ours starts with
/// `crate`.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) line: usize,
    pub(super) test: bool,
    pub(super) parts: Vec<String>,
}

impl Path {
    pub(super) fn starts(&self, with: &str) -> bool {
        let mut parts = self.parts.iter();
        with.split("::").all(|part| parts.next().is_some_and(|own| own == part))
    }

    pub(super) fn ends(&self, with: &str) -> bool {
        let mut parts = self.parts.iter().rev();
        with.rsplit("::").all(|part| parts.next().is_some_and(|own| own == part))
    }

    pub(super) fn shown(&self) -> String {
        self.parts.join("::")
    }
}

/// A file, read once for all rules. Of what is not Rust, only the text is kept.
#[derive(Debug)]
pub(super) struct File {
    /// From the top of the repository, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
    /// Line and text of each comment; a block comment has one entry per line.
    pub(super) comments: Vec<(usize, String)>,
    pub(super) paths: Vec<Path>,
}

impl File {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let (path, text) = (path.to_owned(), text.to_owned());
        if !path.ends_with(".rs") {
            return Self { path, text, tokens: Vec::new(), comments: Vec::new(), paths: Vec::new() };
        }
        let (mut tokens, comments) = Lexer::run(&text);
        let all_tests = path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/");
        mark_tests(&mut tokens, all_tests);
        let paths = paths(&path, &tokens);
        Self { path, text, tokens, comments, paths }
    }

    pub(super) fn under(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether it is Rust of a library or of the program.
    pub(super) fn is_source(&self) -> bool {
        let sandbox = self.under("crates") && self.path.split('/').nth(2) == Some("src");
        (self.under("src") || sandbox) && self.path.ends_with(".rs")
    }

    /// The floor that it belongs to, when it is Rust of one.
    pub(super) fn floor(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        let (floor, _) = rest.split_once('/')?;
        self.path.ends_with(".rs").then_some(floor)
    }

    /// What is not test code.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &Token)> {
        self.tokens.iter().enumerate().filter(|(_, token)| !token.test)
    }

    pub(super) fn next_is(&self, index: usize, text: &str) -> bool {
        self.tokens.get(index + 1).is_some_and(|token| token.is(text))
    }

    pub(super) fn before(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index.checked_sub(1)?)
    }

    /// Name, first line and last line of every function that has a body.
    pub(super) fn functions(&self) -> Vec<(String, usize, usize)> {
        let mut functions = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let Some(name) = self.tokens.get(index + 1).filter(|name| token.is("fn") && name.is_word()) else {
                continue;
            };
            let Some(end) = item_end(&self.tokens, index) else { continue };
            if self.tokens[end].is("}") {
                functions.push((name.text.clone(), token.line, self.tokens[end].line));
            }
        }
        functions
    }
}

/// The token that ends the item that begins at `start`: its `;`, or the brace that closes its first one.
fn item_end(tokens: &[Token], start: usize) -> Option<usize> {
    let mut inside = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        if token.kind != Kind::Mark {
            continue;
        }
        match token.text.as_str() {
            "(" | "[" => inside += 1,
            ")" | "]" => inside = inside.saturating_sub(1),
            ";" if inside == 0 => return Some(index),
            "{" if inside == 0 => return closing(tokens, index),
            _ => {}
        }
    }
    None
}

/// The brace that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is("{") {
            depth += 1;
        } else if token.is("}") {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

fn mark_tests(tokens: &mut [Token], all: bool) {
    if all {
        tokens.iter_mut().for_each(|token| token.test = true);
        return;
    }
    let mut index = 0;
    while index + 2 < tokens.len() {
        let attribute = tokens[index].is("#") && tokens[index + 1].is("[");
        let Some(end) = attribute.then(|| bracket_end(tokens, index + 1)).flatten() else {
            index += 1;
            continue;
        };
        let inside = &tokens[index + 2..end];
        let only_tests = inside.first().is_some_and(|token| token.is("cfg"))
            && inside.iter().any(|token| token.is("test"))
            && !inside.iter().any(|token| token.is("not") || token.is("any"));
        if !only_tests {
            index = end + 1;
            continue;
        }
        let mut start = end + 1;
        while start + 1 < tokens.len() && tokens[start].is("#") && tokens[start + 1].is("[") {
            start = bracket_end(tokens, start + 1).map_or(tokens.len(), |end| end + 1);
        }
        let last = item_end(tokens, start).unwrap_or(tokens.len() - 1);
        tokens[index..=last].iter_mut().for_each(|token| token.test = true);
        index = last + 1;
    }
}

fn bracket_end(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is("[") {
            depth += 1;
        } else if token.is("]") {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// A `use` leaf: the name that it brings in, and where that leads.
type Import = (String, Vec<String>);

fn paths(file: &str, tokens: &[Token]) -> Vec<Path> {
    let mut modules = module_of(file);
    let mut open: Vec<usize> = Vec::new();
    let mut imports: Vec<Import> = Vec::new();
    let mut found = Vec::new();
    let (mut index, mut depth) = (0, 0_usize);
    while index < tokens.len() {
        let token = &tokens[index];
        if token.is("{") {
            depth += 1;
            if index >= 2 && tokens[index - 2].is("mod") && tokens[index - 1].is_word() {
                modules.push(tokens[index - 1].text.clone());
                open.push(depth);
            }
        } else if token.is("}") {
            if open.last() == Some(&depth) {
                open.pop();
                modules.pop();
            }
            depth = depth.saturating_sub(1);
        }
        if !token.is_word()
            || token.is("mod")
            || (index > 0 && (tokens[index - 1].is("::") || tokens[index - 1].is(".")))
        {
            index += 1;
            continue;
        }
        // Who may see an item is no path to what it needs.
        if token.is("pub")
            && tokens.get(index + 1).is_some_and(|open| open.is("("))
            && tokens.get(index + 2).is_some_and(|word| ["crate", "super", "self", "in"].iter().any(|one| word.is(one)))
        {
            index += tokens[index..].iter().position(|token| token.is(")")).unwrap_or(1);
            continue;
        }
        if token.is("use") {
            let mut leaves = Vec::new();
            let end = use_tree(tokens, index + 1, &[], &mut leaves);
            for (name, parts) in leaves {
                let parts = resolve(parts, &modules, &[]);
                found.push(Path { line: token.line, test: token.test, parts: parts.clone() });
                imports.push((name, parts));
            }
            index = end.max(index + 1);
            continue;
        }
        let mut parts = vec![token.text.clone()];
        while index + 2 < tokens.len() && tokens[index + 1].is("::") && tokens[index + 2].is_word() {
            parts.push(tokens[index + 2].text.clone());
            index += 2;
        }
        found.push(Path { line: token.line, test: token.test, parts: resolve(parts, &modules, &imports) });
        index += 1;
    }
    found
}

/// Reads one branch of a `use` tree and gives the place after it.
fn use_tree(tokens: &[Token], mut index: usize, before: &[String], leaves: &mut Vec<Import>) -> usize {
    let mut parts = before.to_vec();
    while let Some(token) = tokens.get(index) {
        if token.is("{") {
            index += 1;
            while index < tokens.len() && !tokens[index].is("}") {
                let next = use_tree(tokens, index, &parts, leaves);
                index = next.max(index + 1);
            }
            return index + 1;
        }
        if token.is(",") {
            index += 1;
            break;
        }
        if token.is("}") || token.is(";") {
            break;
        }
        if token.is("as") {
            let name = tokens.get(index + 1).map_or_else(String::new, |name| name.text.clone());
            leaves.push((name, std::mem::take(&mut parts)));
            index += 2;
            continue;
        }
        if token.is_word() && (parts.is_empty() || !token.is("self")) {
            parts.push(token.text.clone());
        }
        index += 1;
    }
    if let Some(last) = parts.last() {
        leaves.push((last.clone(), parts.clone()));
    }
    index
}

/// `src/kakao/error/table.rs` is `kakao::error::table`.
fn module_of(file: &str) -> Vec<String> {
    let inner = file.strip_prefix("src/").unwrap_or(file).trim_end_matches(".rs");
    let mut parts: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

fn resolve(parts: Vec<String>, modules: &[String], imports: &[Import]) -> Vec<String> {
    let ours = |base: &[String], rest: &[String]| -> Vec<String> {
        let top = std::iter::once("crate".to_owned());
        top.chain(base.iter().cloned()).chain(rest.iter().cloned()).collect()
    };
    match parts[0].as_str() {
        "crate" | "storyd" => ours(&[], &parts[1..]),
        // A lone `self` is the receiver of a method.
        "self" if parts.len() > 1 => ours(modules, &parts[1..]),
        "super" => {
            let up = parts.iter().take_while(|part| *part == "super").count();
            ours(&modules[..modules.len().saturating_sub(up)], &parts[up..])
        }
        first => match imports.iter().rev().find(|(name, _)| name == first) {
            Some((_, full)) => full.iter().cloned().chain(parts[1..].iter().cloned()).collect(),
            None => parts,
        },
    }
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
    comments: Vec<(usize, String)>,
}

impl Lexer {
    fn run(text: &str) -> (Vec<Token>, Vec<(usize, String)>) {
        let mut lexer =
            Self { chars: text.chars().collect(), at: 0, line: 1, tokens: Vec::new(), comments: Vec::new() };
        while lexer.at < lexer.chars.len() {
            lexer.step();
        }
        (lexer.tokens, lexer.comments)
    }

    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn bump(&mut self) -> char {
        let char = self.peek(0);
        self.at += 1;
        self.line += usize::from(char == '\n');
        char
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    fn push(&mut self, kind: Kind, line: usize, text: String) {
        self.tokens.push(Token { kind, line, text, test: false });
    }

    fn step(&mut self) {
        let (char, next) = (self.peek(0), self.peek(1));
        match char {
            '/' if next == '/' => self.line_comment(),
            '/' if next == '*' => self.block_comment(),
            '"' => self.quoted(),
            '\'' => self.quote(),
            _ if char.is_whitespace() => {
                self.bump();
            }
            _ if is_word(char) && !char.is_ascii_digit() => self.word(),
            _ if char.is_ascii_digit() => self.number(),
            _ => self.mark(),
        }
    }

    fn line_comment(&mut self) {
        let line = self.line;
        let mut text = String::new();
        while self.at < self.chars.len() && self.peek(0) != '\n' {
            text.push(self.bump());
        }
        self.comments.push((line, text));
    }

    fn block_comment(&mut self) {
        let (mut depth, mut line, mut text) = (0_usize, self.line, String::new());
        while self.at < self.chars.len() {
            let pair = (self.peek(0), self.peek(1));
            if pair == ('/', '*') || pair == ('*', '/') {
                depth = if pair.0 == '/' { depth + 1 } else { depth - 1 };
                text.extend([self.bump(), self.bump()]);
                if depth == 0 {
                    break;
                }
            } else if pair.0 == '\n' {
                self.comments.push((line, std::mem::take(&mut text)));
                self.bump();
                line = self.line;
            } else {
                text.push(self.bump());
            }
        }
        self.comments.push((line, text));
    }

    fn quoted(&mut self) {
        let line = self.line;
        let mut text = String::new();
        self.bump();
        while self.at < self.chars.len() {
            match self.bump() {
                '"' => break,
                '\\' => text.extend(['\\', self.bump()]),
                char => text.push(char),
            }
        }
        self.push(Kind::Text, line, text);
    }

    /// A character, or the mark of a lifetime.
    fn quote(&mut self) {
        let line = self.line;
        self.bump();
        if self.peek(0) == '\\' {
            self.bump();
            self.bump();
            while self.at < self.chars.len() && self.bump() != '\'' {}
        } else if self.peek(1) == '\'' {
            self.bump();
            self.bump();
        } else {
            while is_word(self.peek(0)) {
                self.bump();
            }
            self.push(Kind::Mark, line, "'".to_owned());
        }
    }

    fn word(&mut self) {
        let line = self.line;
        let mut text = String::new();
        while is_word(self.peek(0)) {
            text.push(self.bump());
        }
        let prefix = matches!(text.as_str(), "r" | "b" | "c" | "br" | "cr");
        let raw = prefix && text.ends_with('r');
        if prefix && self.peek(0) == '"' && !raw {
            return self.quoted();
        }
        if raw && (self.peek(0) == '"' || self.peek(0) == '#') {
            let mut hashes = 0;
            while self.peek(hashes) == '#' {
                hashes += 1;
            }
            if self.peek(hashes) == '"' {
                return self.raw(hashes);
            }
            self.bump();
            return self.word();
        }
        self.push(Kind::Word, line, text);
    }

    fn raw(&mut self, hashes: usize) {
        let line = self.line;
        let mut text = String::new();
        self.skip(hashes + 1);
        while self.at < self.chars.len() {
            if self.peek(0) == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == '#') {
                self.skip(hashes + 1);
                break;
            }
            text.push(self.bump());
        }
        self.push(Kind::Text, line, text);
    }

    fn number(&mut self) {
        let line = self.line;
        let mut text = String::new();
        while is_word(self.peek(0)) || (self.peek(0) == '.' && self.peek(1).is_ascii_digit()) {
            text.push(self.bump());
        }
        self.push(Kind::Number, line, text);
    }

    fn mark(&mut self) {
        let line = self.line;
        let mut text = self.bump().to_string();
        if matches!((text.as_str(), self.peek(0)), (":", ':') | ("-" | "=", '>')) {
            text.push(self.bump());
        }
        self.push(Kind::Mark, line, text);
    }
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[test]
fn comments_strings_and_characters_are_not_code() {
    let text = r##"//! top
fn a<'x>(c: char) { /* b /* c */ */ let _ = ("d // \" e", r#"f"g"#, 'h', '\'', b"i"); } // j"##;
    let file = File::new("src/domain/x.rs", text);
    let of = |kind| file.tokens.iter().filter(move |token| token.kind == kind).map(|token| token.text.as_str());
    assert_eq!(of(Kind::Word).collect::<Vec<_>>(), ["fn", "a", "c", "char", "let", "_"]);
    assert_eq!(of(Kind::Text).collect::<Vec<_>>(), ["d // \\\" e", "f\"g", "i"]);
    let comments: Vec<&str> = file.comments.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(comments, ["//! top", "/* b /* c */ */", "// j"]);
}

#[test]
fn paths_are_followed_through_use_lines_self_and_super() {
    let text = "use tokio::{net, time::{self, sleep as nap}};\nuse super::super::store as s;\n\
        fn a() { time::interval(1); nap(2); s::open(); self::b::c(); mod d { fn e() { super::f::g(); } } }";
    let file = File::new("src/engine/daemon.rs", text);
    let shown: Vec<String> = file.paths.iter().map(Path::shown).collect();
    for path in [
        "tokio::net",
        "tokio::time",
        "tokio::time::sleep",
        "crate::store",
        "tokio::time::interval",
        "crate::store::open",
        "crate::engine::daemon::b::c",
        "crate::engine::daemon::f::g",
    ] {
        assert!(shown.iter().any(|one| one == path), "{path} is not among {shown:?}");
    }
}

#[test]
fn test_code_is_told_from_code() {
    let text =
        "fn a() {}\n#[cfg(test)]\n#[allow(dead_code)]\nmod tests { fn b() { c(); } }\n#[cfg(not(test))]\nfn d() {}";
    let file = File::new("src/domain/x.rs", text);
    let code: Vec<&str> = file.code().filter(|(_, token)| token.is_word()).map(|(_, token)| &*token.text).collect();
    assert_eq!(code, ["fn", "a", "cfg", "not", "test", "fn", "d"]);
    assert!(File::new("src/kakao/error/tests.rs", "fn a() {}").code().next().is_none());
}
