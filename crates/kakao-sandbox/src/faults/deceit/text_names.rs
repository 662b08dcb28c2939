//! The names of the lies about what a story says.

use super::family::family;

family! {
    /// About what a story says.
    TextLie {
        Entities = "text-entities",
        EntitiesTwice = "text-entities-twice",
        EntitiesDecimal = "text-entities-decimal",
        EntitiesHex = "text-entities-hex",
        TagsStripped = "text-tags-stripped",
        Paragraphs = "text-paragraphs",
        BlanksCollapsed = "text-blanks-collapsed",
        BlanksRemoved = "text-blanks-removed",
        BlanksUnbreakable = "text-blanks-unbreakable",
        BlanksPlus = "text-blanks-plus",
        LinesTrimmed = "text-lines-trimmed",
        EmptyLinesRemoved = "text-empty-lines-removed",
        BreaksRemoved = "text-breaks-removed",
        BreaksBlank = "text-breaks-blank",
        BreaksDoubled = "text-breaks-doubled",
        BreaksCrlf = "text-breaks-crlf",
        BreaksHtml = "text-breaks-html",
        FirstLine = "text-first-line",
        Nfc = "text-nfc",
        Nfd = "text-nfd",
        Nfkc = "text-nfkc",
        Nfkd = "text-nfkd",
        FullWidth = "text-full-width",
        LowerCase = "text-lower-case",
        UpperCase = "text-upper-case",
        QuotesTypographic = "text-quotes-typographic",
        QuotesPlain = "text-quotes-plain",
        Dashes = "text-dashes",
        PunctuationRemoved = "text-punctuation-removed",
        EmojiRemoved = "text-emoji-removed",
        EmojiQuestion = "text-emoji-question",
        EmojiNames = "text-emoji-names",
        InvisibleAdded = "text-invisible-added",
        InvisibleRemoved = "text-invisible-removed",
        Cut = "text-cut",
        CutEllipsis = "text-cut-ellipsis",
        Prefix = "text-prefix",
        Suffix = "text-suffix",
        Twice = "text-twice",
        HashtagsRemoved = "text-hashtags-removed",
        HashSignsRemoved = "text-hash-signs-removed",
        LinksHtml = "text-links-html",
        LinksShortened = "text-links-shortened",
        LinksTracked = "text-links-tracked",
        LinksRemoved = "text-links-removed",
        Masked = "text-masked",
        Mojibake = "text-mojibake",
        AsciiOnly = "text-ascii-only",
        Backslashes = "text-backslashes",
        Percent = "text-percent",
        EachOtherwise = "text-each-otherwise",
        OneCharacter = "text-one-character",
        OneCharacterLess = "text-one-character-less",
        WordsShuffled = "text-words-shuffled",
        Rewritten = "text-rewritten",
        Dots = "text-dots",
        Empty = "text-empty",
        Number = "text-number",
        Null = "text-null",
        Missing = "text-missing",
        HalfEmoji = "text-half-emoji",
    }
}

impl TextLie {
    /// Whether a story can be kept with it: a text comes of it.
    pub(crate) fn can_stay(self) -> bool {
        !matches!(self, Self::Empty | Self::Number | Self::Null | Self::Missing)
    }
}
