//! Characters that cannot be seen or look like others, wherever they stand in a file: each is named, with its place and the line to copy.

use storyd::plan;
use storyd::settings::Settings;
use storyd::yaml::problem::{Paint, Problem, render};

use crate::plan_load::{PNG, folder, now};
use crate::plan_problems::problems;

const HEAD: &str = "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n";

fn of(text: &str) -> Vec<Problem> {
    let dir = folder(&[("jobs.yaml", text)]);
    problems(&[dir.path().join("jobs.yaml")])
}

fn note(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!("{HEAD}  one:\n{lines}")
}

/// One problem, of this code, that names the character and offers this to copy.
fn one(text: &str, code: &str, name: &str, copy: &str) {
    let found = of(text);
    let [problem] = found.as_slice() else { panic!("{text}\n{}", render(&found, Paint::Plain)) };
    let said = problem.render(Paint::Plain);
    assert_eq!(problem.code.as_str(), code, "{said}");
    assert!(problem.message.contains(name), "{name}: {said}");
    assert!(problem.help.iter().any(|help| help.contains(&format!("`{copy}`"))), "{copy}: {said}");
}

#[test]
fn in_a_key_or_a_value_the_character_is_named_and_the_value_goes_on_as_it_was_meant() {
    for (lines, code, name, copy) in [
        (
            "at: 2030-12-25\u{a0}09:00\ntype: note\ncontent: x",
            "E031",
            "U+00A0 no-break space between `2030-12-25` and `09:00`",
            "at: 2030-12-25 09:00",
        ),
        ("at: 2030-12-25 09：00\ntype: note\ncontent: x", "E031", "U+FF1A full-width colon", "at: 2030-12-25 09:00"),
        (
            "at: ２０３０-12-25 09:00\ntype: note\ncontent: x",
            "E031",
            "U+FF12 full-width digit 2",
            "at: 2030-12-25 09:00",
        ),
        ("at: 2030–12–25 09:00\ntype: note\ncontent: x", "E031", "U+2013 en dash", "at: 2030-12-25 09:00"),
        (
            "at: 2030-12-25  09:00\ntype: note\ncontent: x",
            "E031",
            "two blanks or more between `2030-12-25` and `09:00`",
            "at: 2030-12-25 09:00",
        ),
        (
            "at: “2030-12-25 09:00”\ntype: note\ncontent: x",
            "E031",
            "U+201C left double quotation mark",
            "at: 2030-12-25 09:00",
        ),
        (
            "at: [2030-12-25 09:00，2030-12-26 09:00]\ntype: note\ncontent: x",
            "E031",
            "U+FF0C full-width comma",
            "2030-12-25 09:00,2030-12-26 09:00",
        ),
        (
            "at: 2030-12-25 09:00\u{200b}\ndelete_after: 7d\ntype: note\ncontent: x",
            "E031",
            "U+200B zero-width space behind `09:00`",
            "at: 2030-12-25 09:00",
        ),
        (
            "at: 2030-12-25 09:00\ndelete_after: ７d\ntype: note\ncontent: x",
            "E036",
            "U+FF17 full-width digit 7",
            "delete_after: 7d",
        ),
        ("cron: 0\u{3000}9 * * MON\ntype: note\ncontent: x", "E033", "U+3000 ideographic space", "cron: 0 9 * * MON"),
        ("cron: 0 9 ＊ * MON\ntype: note\ncontent: x", "E033", "U+FF0A full-width asterisk", "cron: 0 9 * * MON"),
        (
            "cron: 0 9 * * МON\ntype: note\ncontent: x",
            "E033",
            "U+041C Cyrillic letter that looks like `M`",
            "cron: 0 9 * * MON",
        ),
        (
            "at: now\ntype: nоte\ncontent: x",
            "E023",
            "U+043E Cyrillic letter that looks like `o` between `n` and `te`",
            "type: note",
        ),
        (
            "at: now\ntype: note\npermission: ｐｕｂｌｉｃ\ncontent: x",
            "E023",
            "U+FF50 full-width letter p",
            "permission: public",
        ),
        (
            "at: now\ntype: note\naccount: cafe\u{feff}\ncontent: x",
            "E025",
            "U+FEFF byte-order mark behind `cafe`",
            "account: cafe",
        ),
        ("at: now\ntype: note\naccount: cаfe\ncontent: x", "E025", "U+0430 Cyrillic letter", "account: cafe"),
        (
            "at: now\ntype: note\ntags: [menu\u{200d}]\ncontent: x",
            "E025",
            "U+200D zero-width joiner behind `menu`",
            "menu",
        ),
        (
            "at: now\ntype: note\ntags: \u{3164}메뉴\ncontent: x",
            "E025",
            "U+3164 Hangul filler before `메뉴`",
            "tags: 메뉴",
        ),
        ("at: now\ntype: note\ntags: [menu，sale]\ncontent: x", "E025", "U+FF0C full-width comma", "menu,sale"),
        (
            "at: now\ntype: note\ntags: ［menu，sale］\ncontent: x",
            "E025",
            "U+FF3B full-width bracket `[`",
            "tags: [menu, sale]",
        ),
        (
            "at: now\ntype: link\nurl: https://example.com/me\u{2060}nu",
            "E060",
            "U+2060 word joiner",
            "url: https://example.com/menu",
        ),
        (
            "at: now\ntype: link\nurl: https：//example.com/menu",
            "E060",
            "U+FF1A full-width colon",
            "url: https://example.com/menu",
        ),
        (
            "at: now\ntype: link\nurl: https://exаmple.com/menu",
            "E060",
            "U+0430 Cyrillic letter",
            "url: https://example.com/menu",
        ),
        (
            "at: now\ntype: link\nurl: https://example.com/menu”",
            "E060",
            "U+201D right double quotation mark",
            "url: https://example.com/menu",
        ),
        (
            "at: now\ntype: link\nurl: https://example.com/menu\nios_exec_param: \"id=1\u{200b}\"",
            "E015",
            "U+200B zero-width space behind `id=1`",
            "ios_exec_param: id=1",
        ),
        ("at: now\nty\u{200b}pe: note\ncontent: x", "E021", "the key `type` holds U+200B zero-width space", "type:"),
        ("at: now\ntype: note\ncontent\u{a0}: x", "E021", "U+00A0 no-break space behind `content`", "content:"),
        ("at: now\ntype: note\ncоntent: x", "E021", "U+043E Cyrillic letter", "content:"),
        ("at: now\ntype: note\ncontent: x\u{fffd}y", "E042", "U+FFFD replacement character", ""),
    ] {
        match copy {
            "" => {
                let found = of(&note(lines));
                assert!(
                    found.len() == 1 && found[0].code.as_str() == code && found[0].message.contains(name),
                    "{found:?}"
                );
            }
            copy => one(&note(lines), code, name, copy),
        }
    }
}

#[test]
fn in_other_names_and_values_it_is_told_there() {
    let share = "at: now\ntype: note\npermission: friends\nenable_share: ｔｒｕｅ\ncontent: x";
    one(&note(share), "E022", "U+FF54 full-width letter t", "enable_share: true");
    let vars = "at: now\ntype: note\nvars: {ca\u{200b}fe: x}\ncontent: \"{{ cafe }}\"";
    one(&note(vars), "E025", "the name `cafe` holds U+200B", "cafe:");
    let left = "at: now\ntype: note\nvars: {shop: '성수점<br>'}\ncontent: \"{{ shop }}\"";
    assert_eq!(of(&note(left)).iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["W013"]);
    one(
        &format!("{HEAD}  sa\u{200b}le: {{at: now, type: note, content: x}}\n"),
        "E025",
        "the name of the job `sale` holds U+200B",
        "sale:",
    );
    one(
        &format!("{HEAD}  신년\u{a0}인사: {{at: now, type: note, content: x}}\n"),
        "E025",
        "U+00A0 no-break space between `신년` and `인사`",
        "신년-인사:",
    );
    one(&format!("{HEAD}  sаle: {{at: now, type: note, content: x}}\n"), "W012", "U+0430 Cyrillic letter", "sale:");
}

#[test]
fn what_keeps_yaml_from_being_read_is_blamed_on_its_own_line() {
    for (text, name, copy, line) in [
        (
            note("at: now\n").replace("    at", "\u{3000}\u{3000}at") + "    type: note\n    content: x\n",
            "U+3000 ideographic space",
            "at: now",
            6,
        ),
        (
            format!("{HEAD}  one:\n    at: now\n\u{a0}\u{a0}\u{a0}\u{a0}type: note\n    content: x\n"),
            "U+00A0 no-break space",
            "type: note",
            7,
        ),
        (
            format!("{HEAD}  one:\n    at: now\n  \u{3000}type: note\n    content: x\n"),
            "U+3000 ideographic space",
            "type: note",
            7,
        ),
        (
            format!("{HEAD}  one:\n    at: now\n    \u{200b}type： note\n    content: x\n"),
            "U+200B zero-width space",
            "type: note",
            7,
        ),
        (note("at: now\ntype：note\ncontent: x"), "U+FF1A full-width colon", "type: note", 7),
        (
            note("at: now\ntype:\u{a0}note\ncontent: x"),
            "U+00A0 no-break space stands behind the colon",
            "type: note",
            7,
        ),
        (
            note("at: now\ntype:\u{3000}note\ncontent: x"),
            "U+3000 ideographic space stands behind the colon",
            "type: note",
            7,
        ),
        (
            note("at: now\ntype: note\ncontent: “라떼: 4,500원”"),
            "U+201C left double quotation mark",
            "content: \"라떼: 4,500원\"",
            8,
        ),
        (
            note("at: now\ntype: note\ncontent: ‘라떼: 4,500원’"),
            "U+2018 left single quotation mark",
            "content: '라떼: 4,500원'",
            8,
        ),
        (note("at: now\ntype: note\ncontent: x\ntags:\n－ menu"), "U+FF0D full-width hyphen", "- menu", 10),
        (
            note("at: now\ntype: note\ncontent: x\ntags:\n-\u{3000}menu"),
            "U+3000 ideographic space stands behind the `-`",
            "- menu",
            10,
        ),
        (note("at: now\ntype: note\ncontent: x\ntags:\n• menu"), "U+2022 bullet", "- menu", 10),
        (
            format!("---\n\u{feff}{}", note("at: now\ntype: note\ncontent: x")),
            "U+FEFF byte-order mark",
            "version: 1",
            2,
        ),
        (
            format!("\u{feff}\u{feff}{}", note("at: now\ntype: note\ncontent: x")),
            "U+FEFF byte-order mark",
            "version: 1",
            1,
        ),
    ] {
        let found = of(&text);
        let problem = found
            .iter()
            .find(|problem| problem.code.as_str() == "E010")
            .unwrap_or_else(|| panic!("{text:?}: {found:?}"));
        let said = problem.render(Paint::Plain);
        assert!(problem.message.contains(name), "{name}: {said}");
        assert!(problem.help.iter().any(|help| help.contains(&format!("`{copy}`"))), "{copy}: {said}");
        assert_eq!(problem.place().map(|place| place.line), Some(line), "{said}");
        assert_eq!(found.len(), 1, "nothing follows from it: {}", render(&found, Paint::Plain));
    }
}

#[test]
fn a_line_of_a_text_that_other_blanks_move_in_is_named_on_its_own_line() {
    let (wide, bound, thin) = ("\u{3000}", "\u{a0}", "\u{2003}");
    for (lines, name, help, line) in [
        (
            format!("  text: |\n      첫 줄\n{wide}{wide}둘째 줄\n      셋째 줄"),
            "U+3000",
            "begin the line with 6 spaces",
            9,
        ),
        (format!("  text: |\n{wide}{wide}{wide}첫 줄\n      둘째 줄"), "U+3000", "begin the line with 6 spaces", 8),
        (format!("  text: |\n      첫 줄\n{wide}둘째 줄"), "U+3000", "begin the line with 6 spaces", 9),
        (format!("  text: |\n      첫 줄\n    {wide}둘째 줄"), "U+3000", "begin the line with 6 spaces", 9),
        (format!("  text: |\n        첫 줄\n      {wide}둘째 줄"), "U+3000", "begin the line with 8 spaces", 9),
        (format!("  text: >\n      첫 줄\n{}둘째 줄", bound.repeat(6)), "U+00A0", "begin the line with 6 spaces", 9),
        (format!("  text: |-\n      첫 줄\n{}둘째 줄", thin.repeat(6)), "U+2003", "begin the line with 6 spaces", 9),
        (format!("  text: |\n      첫 줄\n{wide}{wide}{wide}메뉴: 라떼"), "U+3000", "begin the line with 6 spaces", 9),
        (format!("  text: |\n      첫 줄\n{wide}{wide}메뉴: 라떼"), "U+3000", "begin the line with 6 spaces", 9),
        (format!("  text: |\n      첫 줄\n{wide}{wide}\n      끝"), "U+3000", "delete the blanks", 9),
        (format!("  text: |\n      a\n{wide}x"), "U+3000", "begin the line with 6 spaces", 9),
        (format!("  text: 첫 줄\n{wide}{wide}둘째 줄"), "U+3000", "begin the line with 6 spaces", 8),
        (format!("  text: \"첫 줄\n{bound}{bound}둘째 줄\""), "U+00A0", "begin the line with 6 spaces", 8),
    ] {
        let lines = lines.replacen("  text:", "    content:", 1);
        let text = format!("{HEAD}  one:\n    at: now\n{lines}\n    type: note\n");
        let found = of(&text);
        let [problem] = found.as_slice() else { panic!("{text}\n{}", render(&found, Paint::Plain)) };
        let said = problem.render(Paint::Plain);
        assert!(problem.code.as_str() == "E010" && problem.message.contains(name), "{said}");
        assert!(problem.help[0].starts_with(help), "{help}: {said}");
        assert_eq!(problem.place().map(|place| place.line), Some(line), "{said}");
    }
    // Behind the spaces of the text they are the writer's.
    for content in [
        "|\n      첫 줄\n      \u{3000}둘째 줄",
        "|\n      \u{3000}첫 줄\n\n      \u{a0}\u{a0}둘째 줄",
        ">-\n      \u{3000}첫 줄",
    ] {
        let found =
            of(&note(&format!("at: 2030-12-25 09:00\ntype: note\ncontent: {}", content.replace("\n      ", "\n  "))));
        assert!(
            found.iter().all(|problem| !problem.severity().is_error()),
            "{content:?}: {}",
            render(&found, Paint::Plain)
        );
    }
}

#[test]
fn a_list_whose_dashes_are_of_another_width_is_a_list() {
    for (key, entry, others) in [("at", "2030-12-01 09:00", ""), ("tags", "menu", "at: now\n")] {
        for dash in ["－ ", "– ", "• ", "-\u{3000}"] {
            let found = of(&note(&format!("{key}:\n  {dash}{entry}\n{others}type: note\ncontent: x")));
            let [problem] = found.as_slice() else { panic!("{key} {dash}: {}", render(&found, Paint::Plain)) };
            assert!(problem.code.as_str() == "E010" && problem.help[0] == format!("write `- {entry}`"), "{problem:?}");
        }
    }
}

#[test]
fn of_a_value_that_cannot_be_read_either_there_is_one_problem_and_its_value_is_right() {
    for (lines, code, name, offered) in [
        ("at: 2030．12．01 09:00", "E031", "U+FF0E full-width full stop", "write `2030-12-01 09:00`"),
        ("at: 2030．12．01", "E031", "U+FF0E", "add the time of day: `2030-12-01 09:00`"),
        ("at: 2030年12月1日\u{3000}９時", "E031", "U+3000", "write `2030-12-01 09:00`"),
        ("at: now\ndelete_after: 1\u{a0}d", "E036", "U+00A0 no-break space", "write `1d`"),
        ("at: now\ndelete_after: ２ days", "E036", "U+FF12", "write `2d`"),
        ("at: now\nlate: {within: ２h, then: skip}", "E036", "U+FF12", "write `within: 2h`"),
        ("cron: 0 9 * * MON\nfrom: 2030-01-07\nevery: ２ weeks", "E036", "U+FF12", "write `every: 2 weeks`"),
        ("cron: 0 9 * * MON\nfrom: 2030-01-07\nevery: ２w", "E036", "U+FF12", "write `every: 2 weeks`"),
        ("cron: 0 9 * * MON\nexcept: 2030．01．07", "E031", "U+FF0E", "write `2030-01-07`"),
        ("at: now\ndelete–after: 2h", "E021", "U+2013 en dash", "did you mean `delete_after`?"),
        ("at: now\nande\u{200b}x: 2h", "E021", "U+200B", "the keys of a job are"),
    ] {
        let found = of(&note(&format!("{lines}\ntype: note\ncontent: x")));
        let [problem] = found.as_slice() else { panic!("{lines}: {}", render(&found, Paint::Plain)) };
        let said = problem.render(Paint::Plain);
        assert_eq!(problem.code.as_str(), code, "{said}");
        assert!(said.contains(name) && problem.help[0].starts_with(offered), "{said}");
    }
    for (blackout, name, offered) in [
        ("hours: 22:00～08:00", "U+FF5E full-width tilde", "write `22:00-08:00`"),
        ("dates: 2030-12-24～2030-12-26", "U+FF5E", "write `2030-12-24..2030-12-26`"),
        ("dates: [2030．12．24]", "U+FF0E", "write `2030-12-24`"),
        ("hours: ２２시~8시", "U+FF12", "write `22:00-08:00`"),
    ] {
        let head = HEAD.replace("jobs:", &format!("blackouts: [{{{blackout}, reason: x, then: move}}]\njobs:"));
        let found = of(&format!("{head}  one: {{at: now, type: note, content: x}}\n"));
        let [problem] = found.as_slice() else { panic!("{blackout}: {}", render(&found, Paint::Plain)) };
        let said = problem.render(Paint::Plain);
        assert!(said.contains(name) && problem.help[0] == offered, "{said}");
    }
}

#[test]
fn a_mistake_of_another_kind_is_not_blamed_on_the_characters_beside_it() {
    for (lines, told) in [
        ("content: “오늘의 메뉴”\ntags: [menu", "the brackets here do not match"),
        ("content: 전각　공백\n tags: x", "a key stands where none can"),
        ("content: ‘라떼’: 4,500", "a colon inside an unquoted text"),
        ("content: – 라떼\ntags: \"menu", "never closed"),
    ] {
        let found = of(&note(&format!("at: now\ntype: note\n{lines}")));
        assert!(found.len() == 1 && found[0].message.contains(told), "{}", render(&found, Paint::Plain));
    }
    let both = of(&note("at: now\ntype：note\ncontent: x\ntags: [menu"));
    assert!(both.len() == 2 && both[0].message.contains("U+FF1A") && both[1].message.contains("brackets"), "{both:?}");
}

#[test]
fn blanks_of_another_width_in_front_of_a_last_key_are_indentation() {
    for blanks in [
        "\u{3000}\u{3000}",
        "\u{3000}\u{3000}\u{3000}\u{3000}",
        "\u{a0}\u{a0}\u{a0}\u{a0}",
        "\u{2003}\u{2003}\u{2003}\u{2003}",
    ] {
        let found = of(&format!("{}{blanks}tags: [a]\n", note("at: now\ntype: note\ncontent: x")));
        let told: Vec<_> =
            found.iter().map(|problem| (problem.code.as_str(), problem.place().map(|place| place.line))).collect();
        assert_eq!(told, [("E010", Some(9))], "{}", render(&found, Paint::Plain));
    }
    let tab = of(&note("at: now\ntype: note\ncontent: x").replace("    type", "\ttype"));
    assert_eq!(tab[0].place().map(|place| (place.line, place.column)), Some((7, 1)), "{tab:?}");
    assert!(tab[0].message.contains("a tab stands"), "{tab:?}");
}

#[test]
fn keys_with_wide_colons_alone_are_keys() {
    for colon in ["：", "： ", "﹕", "∶ "] {
        let found = of(&note(&format!("at{colon}now\ntype{colon}note\ncontent{colon}x")));
        let lines: Vec<_> = found.iter().filter_map(Problem::place).map(|place| place.line).collect();
        assert_eq!(lines, [6, 7, 8], "{}", render(&found, Paint::Plain));
        assert!(found[0].help[0].contains("`at: now`"), "{found:?}");
    }
}

#[test]
fn a_control_character_or_an_odd_line_break_is_named_and_the_rest_is_read() {
    for (c, name) in [
        ('\u{1b}', "U+001B escape"),
        ('\u{0}', "U+0000 null"),
        ('\u{7}', "U+0007 bell"),
        ('\u{b}', "U+000B vertical tab"),
        ('\u{c}', "U+000C form feed"),
        ('\u{7f}', "U+007F delete"),
        ('\u{85}', "U+0085 next line"),
        ('\u{9b}', "U+009B control character"),
        ('\u{2028}', "U+2028 line separator"),
        ('\u{2029}', "U+2029 paragraph separator"),
        ('\u{ffff}', "U+FFFF noncharacter"),
    ] {
        for lines in
            [format!("at: now\ntype: nope\ncontent: 안{c}녕"), format!("at: now # 메모{c}\ntype: nope\ncontent: 안녕")]
        {
            let found = of(&note(&lines));
            let codes: Vec<&str> = found.iter().map(|problem| problem.code.as_str()).collect();
            assert!(
                codes.contains(&"E010") && codes.contains(&"E023") && codes.len() == 2,
                "{c:?}: {}",
                render(&found, Paint::Plain)
            );
            let told = found.iter().find(|problem| problem.code.as_str() == "E010").expect("there");
            assert!(told.message.contains(name), "{told}");
        }
    }
}

#[test]
fn a_text_in_which_nothing_can_be_seen_is_empty() {
    for unseen in [
        "\u{200b}",
        "\u{feff}",
        "\u{3164}",
        "\u{2060}",
        "\u{ad}",
        "\u{200e}",
        "\u{a0}",
        "\u{3000}",
        "\u{2800}",
        "\u{115f}\u{1160}",
        "\u{ffa0}",
        "\u{180e}",
        "\u{fe0f}",
        "\u{e0041}",
        "\u{200b} \u{200b}\n\u{200d}",
        "\u{202e}\u{202c}",
    ] {
        let quoted = serde_json::Value::from(unseen).to_string();
        let found = of(&note(&format!("at: 2030-12-01 09:00\ntype: note\ncontent: {quoted}")));
        assert_eq!(found.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["E040"], "{unseen:?}");
    }
}

#[test]
fn in_a_text_what_means_nothing_there_is_warned_about_and_kept() {
    let text = "겨울\u{feff}메뉴 ☕\u{fe0f}";
    let file = note(&format!("at: 2030-12-01 09:00\ntype: note\ncontent: {text}"));
    one(&file, "W012", "U+FEFF byte-order mark between `겨울` and `메뉴`", "겨울메뉴 ☕\u{fe0f}");
    let dir = folder(&[("jobs.yaml", &file)]);
    let plan = plan::load(&[dir.path().to_owned()], now()).expect("loads");
    assert_eq!(plan.jobs["one"].content.text(), Some(text));
    one(&note("at: now\ntype: note\ncontent: 오늘의 cаfe 소식"), "W012", "U+0430 Cyrillic letter", "오늘의 cafe 소식");
}

#[test]
fn an_image_is_found_whichever_way_its_name_is_composed() {
    let decomposed = "\u{1105}\u{1161}\u{1104}\u{1166}";
    for (there, asked) in
        [(format!("{decomposed}.png"), "라떼.png".to_owned()), ("라떼.png".to_owned(), format!("{decomposed}.png"))]
    {
        let dir = folder(&[("jobs.yaml", &note(&format!("at: now\ntype: photo\nimages: [\"{asked}\"]")))]);
        std::fs::write(dir.path().join(&there), PNG).expect("written");
        let plan = plan::load(&[dir.path().to_owned()], now()).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(plan.warnings, []);
        assert_eq!(
            plan.jobs["one"].image_files,
            [dir.path().join(&there)],
            "the file that is there is the one that is read"
        );
        assert!(plan.watch.contains(&dir.path().join(&there)) && plan.watch.contains(&dir.path().join(&asked)));
    }
    let dir = folder(&[("jobs.yaml", &note("at: now\ntype: photo\nimages: [latte cup.png]"))]);
    std::fs::write(dir.path().join("Latte-Cup.PNG"), PNG).expect("written");
    let found = problems(&[dir.path().to_owned()]);
    assert!(found[0].help.iter().any(|help| help == "did you mean `Latte-Cup.PNG`?"), "{found:?}");
}

#[test]
fn a_job_file_is_found_by_either_spelling_and_nearly_misspelt_ones_are_offered() {
    let dir = folder(&[("12\u{110b}\u{116f}\u{11af}.yaml", &note("at: now\ntype: note\ncontent: x"))]);
    assert_eq!(problems(&[dir.path().join("12월.yaml")]), []);
    let found = problems(&[dir.path().join("11월.yaml")]);
    assert!(found[0].help[0].starts_with("did you mean `"), "{found:?}");
}

#[test]
fn the_settings_are_read_with_the_same_eyes_and_never_quoted() {
    for (text, code, name) in [
        ("da\u{200b}ta_dir: /tmp\n", "E021", "U+200B zero-width space"),
        ("api_url: https://kapi.kakao.com\u{200b}\n", "E060", "U+200B zero-width space at its end"),
        ("horizon: ３5d\n", "E036", "U+FF13 full-width digit 3 at its beginning"),
        ("accounts: {cafe: {rest_api_key: \"abc\u{200b}def\"}}\n", "E015", "U+200B zero-width space in its middle"),
        ("accounts: {ca\u{200b}fe: {rest_api_key: abc}}\n", "E025", "U+200B zero-width space"),
        ("data_dir：/tmp\n", "E010", "U+FF1A full-width colon"),
    ] {
        let problems = Settings::parse(text, std::path::Path::new("storyd.yaml")).expect_err(text);
        let said = problems.to_string();
        let told =
            problems.list().iter().any(|problem| problem.code.as_str() == code && problem.message.contains(name));
        assert!(told, "{text:?}: {said}");
        assert!(!said.contains("abc") && !said.contains("/tmp"), "{said}");
    }
}

#[test]
fn between_braces_they_are_named_too() {
    for (text, name) in [
        ("{{ date | format(“%Y”) }}", "U+201C left double quotation mark: write `\"` in its place"),
        ("{{ date｜format('%Y') }}", "U+FF5C full-width vertical line: write `|` in its place"),
        ("{{ date.day ＋ 1 }}", "U+FF0B full-width `+`: write `+` in its place"),
        ("{{ weekday［0］ }}", "U+FF3B full-width bracket `[`: write `[` in its place"),
        ("{{ shop\u{200b} }}", "U+200B zero-width space: delete it"),
    ] {
        let found = of(&note(&format!("at: now\ntype: note\ncontent: '안녕 {}'", text.replace('\'', "''"))));
        let told = found.iter().any(|problem| problem.help.iter().any(|help| help.contains(name)));
        assert!(told, "{text}: {}", render(&found, Paint::Plain));
    }
}
