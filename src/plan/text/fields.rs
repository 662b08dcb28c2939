//! What a job says beside its text: its address, the names of its images, its tags and the parameters for the app. Variables in them are
//! filled in as in the text, and what comes out is held to the rules of what is written out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::flaw::TextIssue;
use super::limits::{RehearsalInput, unreadable};
use super::lookalike;
use super::rotation::{MissingReason, TextError};
use super::template::{self, Names, TemplateEngine};
use super::trouble::TemplateError;
use crate::domain::content::{AppParams, Image, ImageFormat, composed};
use crate::domain::name;
use crate::plan::content::{self, RawContent};
use crate::plan::files::images::{ImageFacts, ImageTrouble};
use crate::plan::link::{self, LinkError};
use crate::plan::policy::SharedKeys;
use crate::plan::schedule::rule::{NOMINAL_NOW, Occurrence};
use crate::yaml::mapping::{Fields, Placed, Report};
use crate::yaml::problem::Code;

/// The parts that hold variables, as they were written. A part without any is not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFields {
    url: Option<String>,
    /// All images of the job, where one of them holds a variable.
    images: Option<Vec<String>>,
    /// The folder that their names start from.
    dir: PathBuf,
    tags: Option<Vec<String>>,
    /// The parameters in the order of [`APP_KEYS`].
    app: Option<[Option<String>; 4]>,
    vars: BTreeMap<String, String>,
}

/// The parts of one occurrence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    pub(crate) url: Option<String>,
    pub(crate) images: Option<Vec<PathBuf>>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) app: Option<AppParams>,
}

/// What was found when the parts of all occurrences to come were filled in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rehearsed {
    /// The parts of the next occurrence.
    pub(crate) next: Filled,
    /// The images of the occurrences, each list once.
    pub(crate) lists: BTreeSet<Vec<PathBuf>>,
    /// Where the images are named.
    pub(crate) span: Range<usize>,
}

const APP_KEYS: [&str; 4] = ["android_exec_param", "ios_exec_param", "android_market_param", "ios_market_param"];

fn app_values(app: &AppParams) -> [&Option<String>; 4] {
    [&app.android_exec_param, &app.ios_exec_param, &app.android_market_param, &app.ios_market_param]
}

impl TemplateFields {
    /// The parts of a job that hold variables; nothing when none does. The outer `None` is a part that cannot be read.
    pub(crate) fn read(
        fields: &Fields<'_>,
        shape: &RawContent,
        shared: &SharedKeys,
        vars: impl Fn() -> BTreeMap<String, String>,
        report: &mut Report,
    ) -> Option<Option<Self>> {
        let holds = |text: &String| template::is_template(text);
        let url = if let RawContent::Link { url } = shape { Some(url) } else { None };
        let images = if let RawContent::Photo { names, .. } = shape { names.as_ref() } else { None };
        let tags = shared.tags.as_ref().filter(|tags| tags.iter().any(holds));
        let app = app_values(&shared.app);
        let has_app = app.iter().any(|param| param.as_ref().is_some_and(holds));
        let parts = url.into_iter().map(|url| ("url", url));
        let parts = parts.chain(images.into_iter().flatten().map(|name| ("images", name)));
        let parts = parts.chain(tags.into_iter().flatten().map(|tag| ("tags", tag)));
        let parts: Vec<(&str, &String)> = parts
            .chain(APP_KEYS.into_iter().zip(app).filter_map(|(key, param)| Some((key, param.as_ref()?))))
            .collect();
        if !parts.iter().any(|(_, text)| text.contains(['{', '%', '<', '['])) {
            return Some(None);
        }
        let vars = vars();
        let mut whole = true;
        for (key, text) in parts {
            let span = fields.get(key).map_or_else(|| fields.span.clone(), |node| node.span.clone());
            let mut errors: Vec<_> = lookalike::statement(text).into_iter().collect();
            if holds(text) && errors.is_empty() {
                errors = template::check(text, &vars);
            }
            for error in &errors {
                unreadable(error, &span, text, None, report);
            }
            whole &= errors.is_empty();
            for one in lookalike::lookalikes(text, |word| template::known(&vars, word)) {
                let shown = text.get(one.range).unwrap_or_default().to_owned();
                report
                    .add(Code::OtherBraces, &span, format!("`{shown}` in `{key}` is taken as it stands"))
                    .help(format!("for the variable write `{{{{ {} }}}}`", one.name));
            }
        }
        let url = url.filter(|url| holds(url)).cloned();
        let nothing = url.is_none() && images.is_none() && tags.is_none() && !has_app;
        let beside = (!nothing).then(|| Self {
            url,
            images: images.cloned(),
            dir: report.source.dir().to_owned(),
            tags: tags.cloned(),
            app: has_app.then(|| app.map(Clone::clone)),
            vars,
        });
        whole.then_some(beside)
    }

    /// Fills in the parts of every occurrence to come; what is wrong is reported once for each part.
    pub(crate) fn rehearse(
        &self,
        stage: &RehearsalInput<'_>,
        fields: &Fields<'_>,
        report: &mut Report,
    ) -> Option<Rehearsed> {
        let filling = Filling::new(self, stage.zone, stage.names);
        let mut found = Rehearsed { span: fields.key_span("images"), ..Rehearsed::default() };
        let (mut next, mut told, mut whole) = (None, BTreeSet::new(), true);
        for occurrence in stage.occurrences() {
            let local = stage.zone.to_datetime(occurrence.at);
            match filling.fill(local) {
                Ok(filled) => {
                    found.lists.extend(filled.images.clone());
                    if next.is_none() && (occurrence.at > stage.now || occurrence.nominal == NOMINAL_NOW) {
                        next = Some(filled);
                    } else if next.is_none() && found.next == Filled::default() {
                        found.next = filled;
                    }
                }
                Err((key, flaw)) => {
                    whole = false;
                    if told.insert(key) {
                        let span = fields.get(key).map_or_else(|| fields.span.clone(), |node| node.span.clone());
                        let when = local.strftime("%Y-%m-%d %H:%M");
                        report.add(flaw.code, &span, format!("filled in for {when}, {}", flaw.message)).help(flaw.help);
                    }
                }
            }
        }
        found.next = next.unwrap_or(found.next);
        whole.then_some(found)
    }
}

impl Rehearsed {
    /// Every image of every occurrence to come, looked at; nothing when one of them cannot be posted.
    pub(crate) fn pictures(
        &self,
        facts: &BTreeMap<PathBuf, Result<ImageFacts, ImageTrouble>>,
        report: &mut Report,
    ) -> Option<BTreeMap<PathBuf, (Image, PathBuf)>> {
        let files: BTreeSet<&PathBuf> = self.lists.iter().flatten().collect();
        let count = files.len();
        let looked = files
            .into_iter()
            .filter_map(|file| Some((file.clone(), content::image(file, &self.span, facts.get(file), report)?)));
        let pictures: BTreeMap<PathBuf, (Image, PathBuf)> = looked.collect();
        let is_gif = |file: &PathBuf| pictures.get(file).is_some_and(|(image, _)| image.format == ImageFormat::Gif);
        if self.lists.iter().any(|list| list.len() > 1 && list.iter().any(is_gif)) {
            report
                .add(Code::GifNotAlone, &self.span, "a GIF stands beside other images")
                .help("Kakao Story takes a GIF alone: make a photo of its own for it");
            return None;
        }
        (pictures.len() == count).then_some(pictures)
    }

    /// What the next occurrence says stands for the job.
    pub(crate) fn set(&self, shape: &mut RawContent, shared: &mut SharedKeys) {
        let Filled { url: filled, images: paths, tags, app } = self.next.clone();
        match shape {
            RawContent::Link { url } => *url = filled.unwrap_or_else(|| std::mem::take(url)),
            RawContent::Photo { images, span, .. } => {
                if let Some(paths) = paths {
                    *images = paths.into_iter().map(|value| Placed { value, span: span.clone() }).collect();
                }
            }
            RawContent::Note => {}
        }
        shared.tags = tags.or_else(|| shared.tags.take());
        shared.app = app.unwrap_or_else(|| std::mem::take(&mut shared.app));
    }
}

/// Fills in the parts of one job.
#[derive(Debug)]
pub(crate) struct Filling<'a> {
    beside: &'a TemplateFields,
    zone: &'a TimeZone,
    url: TemplateEngine,
    others: TemplateEngine,
    /// What `others` holds: images, tags and parameters, one after the other.
    texts: Vec<String>,
}

impl<'a> Filling<'a> {
    pub(crate) fn new(beside: &'a TemplateFields, zone: &'a TimeZone, names: (&'a str, &'a str)) -> Self {
        let app = beside.app.iter().flatten().map(|param| param.clone().unwrap_or_default());
        let lists = beside.images.iter().flatten().chain(beside.tags.iter().flatten()).cloned();
        let texts: Vec<String> = lists.chain(app).collect();
        let url: Vec<String> = beside.url.iter().cloned().collect();
        let names = Names { vars: &beside.vars, job: names.0, account: names.1 };
        Self {
            beside,
            zone,
            url: TemplateEngine::for_addresses(&url, names),
            others: TemplateEngine::new(&texts, names),
            texts,
        }
    }

    /// The parts of an occurrence.
    ///
    /// # Errors
    /// A part that cannot be filled in, or whose value is not one.
    pub(crate) fn of(&self, occurrence: &Occurrence) -> Result<Filled, TextError> {
        let local = self.zone.to_datetime(occurrence.at);
        self.fill(local).map_err(|(key, flaw)| {
            let message = format!("in `{key}`: {}", flaw.message);
            TextError::of_part(MissingReason::Flaw(TextIssue { message, ..flaw }), local)
        })
    }

    /// An image that no file was looked at for: its date lies beyond those that are made when the files are read.
    pub(crate) fn unseen(&self, path: &Path, occurrence: &Occurrence) -> TextError {
        let message = format!("in `images`: {} was not looked at when the job files were read", path.display());
        let flaw = TextIssue { code: Code::ImageUnreadable, message, help: "read the job files again".to_owned() };
        TextError::of_part(MissingReason::Flaw(flaw), self.zone.to_datetime(occurrence.at))
    }

    fn fill(&self, local: DateTime) -> Result<Filled, (&'static str, TextIssue)> {
        let failed = |key, error: TemplateError| {
            (key, TextIssue { code: Code::BadTemplate, message: error.message, help: error.help })
        };
        let url = match &self.beside.url {
            Some(url) => {
                let filled = self.url.expand(0, url, local).map_err(|error| failed("url", error))?;
                link::check(&filled).map_err(|LinkError { code, why, instead }| {
                    let message = format!("`{filled}` cannot be a link: {why}");
                    let meant = instead.map(|instead| format!("`{instead}` was probably meant: ")).unwrap_or_default();
                    ("url", TextIssue { code, message, help: format!("{meant}correct the address, or the variable") })
                })?;
                Some(filled)
            }
            None => None,
        };
        let mut rest = self.texts.iter().enumerate();
        let mut take = |key, count: usize| -> Result<Vec<String>, (&'static str, TextIssue)> {
            rest.by_ref()
                .take(count)
                .map(|(index, text)| self.others.expand(index, text, local).map_err(|error| failed(key, error)))
                .collect()
        };
        let images = match &self.beside.images {
            Some(images) => Some(self.image_names(take("images", images.len())?)?),
            None => None,
        };
        let tags = match &self.beside.tags {
            Some(tags) => Some(tag_names(take("tags", tags.len())?)?),
            None => None,
        };
        let app = match &self.beside.app {
            Some(given) => Some(params(given, take(APP_KEYS[0], given.len())?)?),
            None => None,
        };
        Ok(Filled { url, images, tags, app })
    }

    fn image_names(&self, names: Vec<String>) -> Result<Vec<PathBuf>, (&'static str, TextIssue)> {
        if let Some(odd) = names.iter().find(|name| name.trim().is_empty() || name.contains(['\0', '\n'])) {
            let message = format!("`{odd}` cannot be the name of an image");
            let help = "write the name of a file, as in `images/{{ date.month }}.jpg`".to_owned();
            return Err(("images", TextIssue { code: Code::ImageUnreadable, message, help }));
        }
        Ok(names.into_iter().map(|name| self.beside.dir.join(name)).collect())
    }
}

fn tag_names(tags: Vec<String>) -> Result<Vec<String>, (&'static str, TextIssue)> {
    let mut seen = BTreeSet::new();
    let mut names: Vec<String> = tags.iter().map(|tag| composed(tag)).collect();
    if let Some(odd) = names.iter().find(|tag| !name::is_job_name(tag)) {
        let message = format!("`{odd}` cannot be a tag");
        let help = "a tag is letters, digits, `-` and `_`, at most 64, with a letter or a digit first".to_owned();
        return Err(("tags", TextIssue { code: Code::BadName, message, help }));
    }
    names.retain(|tag| seen.insert(tag.clone()));
    Ok(names)
}

fn params(given: &[Option<String>; 4], filled: Vec<String>) -> Result<AppParams, (&'static str, TextIssue)> {
    let mut values: Vec<Option<String>> = Vec::new();
    for ((key, given), filled) in APP_KEYS.into_iter().zip(given).zip(filled) {
        if given.is_some() && filled.trim().is_empty() {
            let message = "the value is empty".to_owned();
            let help = format!("leave `{key}` out, or write a value such as `menu_id=12`");
            return Err((key, TextIssue { code: Code::EmptyText, message, help }));
        }
        values.push(given.as_ref().map(|_| filled));
    }
    let mut values = values.into_iter();
    let mut next = || values.next().flatten();
    Ok(AppParams {
        android_exec_param: next(),
        ios_exec_param: next(),
        android_market_param: next(),
        ios_market_param: next(),
    })
}
