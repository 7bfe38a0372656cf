//! The last look at what is said in a chat. Its parts were cleaned where they were read; by now names and values stand
//! beside each other that never belonged together, so only what is a secret by its own shape is taken out.

use super::shapes;
use contract::{Block, Body, Span};
use std::borrow::Cow;

/// Takes keys, tokens, headers and credentials in URLs out of a document.
pub fn document(mut body: Body) -> Body {
    body.blocks.iter_mut().for_each(block);
    body
}

fn block(block: &mut Block) {
    match block {
        Block::Heading(text) | Block::Code { text, .. } => clean(text),
        Block::Paragraph(spans) => spans.iter_mut().for_each(span),
        Block::List(items) => items.iter_mut().flatten().for_each(span),
        Block::Table { header, rows } => header.iter_mut().chain(rows.iter_mut().flatten()).for_each(clean),
        Block::Evidence(readings) => readings.iter_mut().for_each(|reading| clean(&mut reading.value)),
        // Drawn and written from what was cleaned before.
        Block::Image { .. } | Block::File { .. } | Block::Buttons(_) => {}
    }
}

fn span(span: &mut Span) {
    match span {
        Span::Plain(text) | Span::Strong(text) | Span::Muted(text) | Span::Code(text) => clean(text),
        Span::Link { text, url } => {
            clean(text);
            clean(url);
        }
    }
}

fn clean(text: &mut String) {
    let mut cleaned = Cow::Borrowed(text.as_str());
    for pass in [shapes::private_keys, shapes::urls, shapes::headers, shapes::tokens] {
        if let Some(changed) = pass(&cleaned) {
            cleaned = Cow::Owned(changed);
        }
    }
    if let Cow::Owned(changed) = cleaned {
        *text = changed;
    }
}

#[cfg(test)]
mod tests {
    use super::document;
    use contract::{Block, Body, Reading, Span, plain};

    #[test]
    fn what_has_the_shape_of_a_secret_goes_wherever_it_stands() {
        let secret = "https://bob:s3cr3t@db/";
        let body = Body::new([
            Block::Heading(secret.into()),
            Block::Paragraph(vec![Span::Plain("Authorization: Bearer s3cr3t".into()), Span::Code(secret.into())]),
            Block::List(vec![vec![Span::Strong(secret.into())]]),
            Block::code(secret),
            Block::Table { header: vec![], rows: vec![vec![secret.into()]] },
            Block::Evidence(vec![Reading { field: "value".into(), value: secret.into() }]),
        ]);
        let text = plain(&document(body));
        assert!(!text.contains("s3cr3t") && text.contains("bob:[redacted]@db"), "{text}");
    }

    #[test]
    fn a_sentence_about_a_secret_stays_whole() {
        let said = "high in Secret shop/api-token: the certificate expires in 8d. password: see the vault";
        assert_eq!(plain(&document(Body::text(said))), said);
    }
}
