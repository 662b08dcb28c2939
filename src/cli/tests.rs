//! The documents agree with the program: the generated pages of `docs/reference/` contain what the code contains, and every
//! `storyd …` command in a document can be typed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use serde_json::Value;

use super::Cli;
use crate::yaml::problem::Code;

/// The environment variable that rewrites the generated pages.
const RENEW: &str = "STORYD_RENEW_DOCS";

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a generated page with the file, or rewrites the file.
fn kept(name: &str, page: &str) {
    let path = root("docs/reference").join(name);
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(&path, page).unwrap();
    }
    let file = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = file.lines().zip(page.lines()).position(|(file, page)| file != page);
    assert!(
        file == page,
        "docs/reference/{name} differs from the code at line {}: renew it with `{RENEW}=1 cargo test --lib cli::tests`, and \
         read the difference",
        differs.unwrap_or_else(|| file.lines().count().min(page.lines().count())) + 1
    );
}

/// The options that every command takes stand in the first section alone.
fn without_common(help: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in help.lines() {
        if line.starts_with("Options of every command") {
            inside = true;
        } else if inside && !line.is_empty() && !line.starts_with(' ') {
            inside = false;
        }
        if !inside {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// Appends the help of a command and of the commands below it.
fn describe(command: &mut clap::Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or("storyd").to_owned();
    let help = command.render_long_help().to_string();
    let help = if name == "storyd" {
        help.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    } else {
        without_common(&help)
    };
    write!(page, "\n## {name}\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
        describe(inner, page);
    }
}

#[test]
fn the_page_of_commands_is_what_help_prints() {
    let mut page = String::from(
        "# Commands\n\nThis page is what `--help` prints for each command. A test generates it\n\
         (`STORYD_RENEW_DOCS=1 cargo test --lib cli::tests`). [Operation](../guide/operation.md) explains\n\
         the daily work, and [exit codes](exit-codes.md) lists the codes. Every command also takes the\n\
         options of the first section.\n",
    );
    let mut command = Cli::command().term_width(98).mut_args(|arg| arg.hide_env_values(true));
    command.build();
    describe(&mut command, &mut page);
    kept("commands.md", &page);
}

/// One row for each key of a schema, with the keys below it, in the order of the alphabet.
fn rows(schema: &Value, whole: &Value, above: &str, page: &mut String) {
    let definition = schema["$ref"].as_str().and_then(|name| whole.pointer(name.trim_start_matches('#')));
    let schema = definition.unwrap_or(schema);
    let keys: BTreeMap<&String, &Value> = schema["properties"].as_object().into_iter().flatten().collect();
    for (key, value) in keys.into_iter().filter(|(key, _)| *key != "<<") {
        let example = match &value["examples"][0] {
            Value::Null => String::new(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        let choices: Vec<&str> = value["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let example = if choices.len() > 1 { format!("`{}`", choices.join("`, `")) } else { example };
        let meaning = value["description"].as_str().unwrap_or_default();
        let cells = [format!("`{above}{key}`"), meaning.to_owned(), example].map(|cell| cell.replace('|', "\\|"));
        writeln!(page, "{}", format!("| {} |", cells.join(" | ")).replace("|  |", "| |")).unwrap();
        rows(value, whole, &format!("{above}{key}."), page);
        rows(&value["items"], whole, &format!("{above}{key}[]."), page);
        rows(&value["additionalProperties"], whole, &format!("{above}{key}.NAME."), page);
    }
}

fn table(schema: &Value) -> String {
    let mut page = String::from("| key | meaning | example or values |\n|---|---|---|\n");
    rows(schema, schema, "", &mut page);
    page
}

#[test]
fn the_pages_of_keys_are_what_the_schemas_contain() {
    let settings = format!(
        "# Settings\n\n`storyd.example.yaml` shows every key with a comment, and with its default value (except for\n\
         paths, `dashboard.url`, blackouts and accounts). `storyd schema settings` prints the JSON Schema\n\
         from which a test generates this page (`STORYD_RENEW_DOCS=1 cargo test --lib cli::tests`).\n\n\
         - storyd searches in this order: `--settings FILE`, `$STORYD_SETTINGS`, `./storyd.yaml`,\n  \
         `/etc/storyd/storyd.yaml`.\n\
         - Relative paths start from the folder of the settings file.\n\
         - Durations are written `30s`, `10m`, `1h30m`, `7d`. A day has 24 hours.\n\
         - A secret is a text, `{{file: PATH}}`, `{{env: NAME}}` or `{{credential: NAME}}` (systemd).\n\
         - Every key is optional. Unknown keys are errors.\n\
         - The keys of a sink under `notify.sinks` depend on its `type`.\n\n{}",
        table(&crate::settings::schema::settings_file())
    );
    kept("settings.md", &settings);
    let jobs = format!(
        "# Keys of job files\n\n[Job files](../guide/job-files.md) explains the keys, and `jobs.example.yaml` shows every key with\n\
         a comment. `storyd schema` prints the JSON Schema from which a test generates this page\n\
         (`STORYD_RENEW_DOCS=1 cargo test --lib cli::tests`). Keys that begin with `x-` are yours.\n\n{}",
        table(&crate::plan::schema::job_file())
    );
    kept("job-keys.md", &jobs);
}

#[test]
fn the_page_of_problem_codes_lists_every_code() {
    let mut page = String::from(
        "# Problem codes\n\nCodes that begin with `E` are errors: storyd does not load the file. Codes that begin with `W` are\n\
         warnings, and codes that begin with `N` are notes. `storyd explain E021` prints the page of a code.\n\
         A code keeps its meaning in all releases. A test generates this page\n\
         (`STORYD_RENEW_DOCS=1 cargo test --lib cli::tests`).\n\n| code | severity | meaning |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        let meaning = code.meaning().replace('|', "\\|");
        writeln!(page, "| [{code}](../codes/{code}.md) | {} | {meaning} |", code.severity().as_str()).unwrap();
    }
    kept("problem-codes.md", &page);
}

#[test]
fn the_page_of_exit_codes_lists_what_help_lists() {
    let help = Cli::command().get_after_help().unwrap().to_string();
    let listed = help.trim_start_matches("Exit codes: ").split(" · ");
    let rows: Vec<String> = listed
        .map(|listed| listed.trim().split_once(' ').unwrap())
        .map(|(number, meaning)| format!("| {number} | {meaning} |"))
        .collect();
    assert_eq!(rows.len(), 11);
    let page = std::fs::read_to_string(root("docs/reference/exit-codes.md")).unwrap();
    let missing: Vec<&String> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "docs/reference/exit-codes.md has no row that begins {missing:#?}");
}

/// Every Markdown file for people: those at the top, `docs/` and the guide to systemd.
fn documents() -> Vec<PathBuf> {
    let mut folders = vec![root("docs")];
    let mut files = vec![root("README.md"), root("CONTRIBUTING.md"), root("systemd/README.md")];
    files.extend(Some(root("README.ko.md")).filter(|file| file.exists()));
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|end| end == "md") => files.push(path),
                false => {}
            }
        }
    }
    files
}

/// The commands of a document: code in sentences, and lines of `console` and `sh` blocks.
fn commands(text: &str) -> Vec<String> {
    let mut fence = None;
    let mut found = Vec::new();
    let mut prose = String::new();
    for line in text.lines() {
        let bare = line.trim_start();
        if let Some(language) = bare.strip_prefix("```") {
            fence = fence.is_none().then(|| language.to_owned());
        } else if fence.as_deref().is_some_and(|fence| ["console", "sh"].contains(&fence)) {
            found.push(bare.trim_start_matches("$ ").to_owned());
        } else if fence.is_none() {
            prose.push_str(bare);
            prose.push(if bare.is_empty() { '\n' } else { ' ' });
        }
    }
    // An empty line ends a paragraph, and with it any code that was left open.
    found.extend(
        prose
            .split('\n')
            .flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2))
            .map(|code| code.trim_end().to_owned()),
    );
    found.retain(|found| found.starts_with("storyd ") && !found.contains('…'));
    found
}

/// The words of a command line, as a shell splits them, up to a pipe, a redirection or a comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for char in line.chars() {
        match quote {
            Some(open) if char == open => quote = None,
            Some(_) => word.get_or_insert_default().push(char),
            None if char == '"' || char == '\'' => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            None if char.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    let end =
        words.iter().position(|word| ["|", "||", "&&", ">", ">>"].contains(&word.as_str()) || word.starts_with('#'));
    words.truncate(end.unwrap_or(words.len()));
    words
}

/// Why nobody could type it. Names of arguments (`POST`) may stand for values, and a sentence may leave arguments out.
fn untypable(line: &str) -> Option<String> {
    let words = words(line);
    let error = Cli::try_parse_from(&words).err()?;
    let stands_for_value =
        words.iter().any(|word| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase()));
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingSubcommand
        | ErrorKind::MissingRequiredArgument => None,
        ErrorKind::ValueValidation | ErrorKind::InvalidValue if stands_for_value => None,
        _ => Some(format!("{line}: {}", error.to_string().lines().next().unwrap_or_default())),
    }
}

#[test]
fn every_command_of_a_document_can_be_typed() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for file in documents() {
        for line in commands(&std::fs::read_to_string(&file).unwrap()) {
            count += 1;
            wrong.extend(untypable(&line).map(|why| format!("{}: {why}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 80, "{count} commands found");
}

#[test]
fn a_command_that_cannot_be_typed_is_found() {
    let text = "Run `storyd chekc` or `storyd\ncheck --onlin`, not `storyd check`.\n\n```console\n$ storyd admin shwo 1 # why\n```\n";
    let found = commands(text);
    assert_eq!(found, ["storyd admin shwo 1 # why", "storyd chekc", "storyd check --onlin", "storyd check"]);
    let wrong: Vec<bool> = found.iter().map(|line| untypable(line).is_some()).collect();
    assert_eq!(wrong, [true, true, true, false]);
    assert_eq!(untypable("storyd admin post \"two words\" --at '2099-01-01 09:00' > out.txt"), None);
    assert_eq!(untypable("storyd admin pause --account cafe --for DURATION"), None);
}
