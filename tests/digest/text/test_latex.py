"""The conversion of TeX in titles and abstracts to plain Unicode."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.text.cleanup import clean
from digest.text.latex import from_tex
from tests.examples import examples, slow_after

# What TeX is made of, right and wrong.
pieces = st.sampled_from(
    [
        *"{}$\\`'\"~^_-%&#()[]|<>.,:/ abcinoNO059",
        *("\\alpha", "\\textbf{", "\\emph{x}", "\\frac{", "\\sqrt", "\\left(", "\\mathbb{R}", "\\url{", "\\href{a}{"),
        *("\\%", "\\$", "\\_", "\\{", "\\}", "\\\\", "\\ ", "\\,", "\\o", "\\ss", "\\'{\\i}", '\\"', "\\c{", "\\hat{"),
        *("``", "''", "--", "---", "{,}", "\\(", "\\)", "\\[", "\\]", "$$", "https://a.org/", "C:\\", "\\unknown{"),
        *("10^{", "a_{", "}^2", "tau^2", "{times}", "textbf{", "left(", " right)", "x_1", "abc$", "\\ours{}"),
        *("\\textasciitilde", "\\lbrace", "word", "et al.", "\u0301", "ﬁ", "≠"),
    ]
)
texlike = st.lists(pieces, max_size=30).map("".join)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        # White space, quotes, dashes.
        ("  wrapped\n  over\tlines\r\n", "wrapped over lines"),
        ("the ``edit-friendly'' one, ``cache'' and ``retrieve''", "the “edit-friendly” one, “cache” and “retrieve”"),
        ("a fixed ``one-size-fits-all\" topology", "a fixed “one-size-fits-all” topology"),
        ("`KL-Adaptive' (KLASS), and `less is more' too", "‘KL-Adaptive’ (KLASS), and ‘less is more’ too"),
        ("a `don't care' term", "a ‘don't care’ term"),
        ("``a `b' c''", "“a ‘b’ c”"),
        ("Kolmogorov--Arnold, 1.55--6.87x, 17.09\\%--29.30\\%", "Kolmogorov–Arnold, 1.55–6.87x, 17.09%–29.30%"),
        ("no model---not one -- does", "no model—not one – does"),
        # Spaces that don't break.
        ("Opus~4.7, Stage~I, 2.78~(CIFAR), 5.74~EUR, Fig.~3", "Opus 4.7, Stage I, 2.78 (CIFAR), 5.74 EUR, Fig. 3"),
        ("16\\,FPS on RTX\\,5090, 8.5 vs.\\ 35.9", "16 FPS on RTX 5090, 8.5 vs. 35.9"),
        # Letters and signs.
        (r"(\"Ust\"un et al.), Fr\'echet, G\"{o}del, na\"{\i}ve", "(Üstün et al.), Fréchet, Gödel, naïve"),
        (r"Bolet\'{\i}n, Erd\H{o}s, {\'E}cole, Fran\c cois, Mu\~noz", "Boletín, Erdős, École, François, Muñoz"),
        (r"S{\o}ren, S\o ren, \O{}rsted, Stra{\ss}e, \L{}ukasz, 5 \AA.", "Søren, Søren, Ørsted, Straße, Łukasz, 5 Å."),
        (r"54.6\% of R\&D in C\#, a\_b, \$400K", "54.6% of R&D in C#, a_b, $400K"),
        (r"\textgreater 96\%, (\ie, \eg, all)", "> 96%, (i.e., e.g., all)"),
        # Commands that are replaced by their argument.
        (r"\textbf{bold}, \emph{so}, \textit{i}, \texttt{t}, \textsc{S}, {\bf old}", "bold, so, i, t, S, old"),
        (r"\textbf{a \emph{b {\em c}} {d}}", "a b c {d}"),
        (r"\url{https://a.org/~b\_c} and \href{https://a.org}{there}", "https://a.org/~b_c and there"),
        (r"by \cite{dunlop2018}", "by [dunlop2018]"),
        ("131{,}072 at N{=}4, (1{+}1), FID{}=2", "131,072 at N=4, (1+1), FID=2"),
        # Formulas.
        (r"$\alpha$, 9$\times$, $\sim$5, $k$NN, $p$-value", "α, 9×, ∼5, kNN, p-value"),
        ("$10^{-3}$, $R^2$, H$_2$O, r$^2$SCAN, 360$^\\circ$, $n^{th}$", "10⁻³, R², H₂O, r²SCAN, 360°, nth"),
        (r"$O(n \log n)$, $O(n\log n)$", "O(n log n), O(n log n)"),
        (r"$\mathcal{L}_{total}$, $K_{\text{sync}}$, $s_{t+1}$, $x_{i}y$", "L_total, K_sync, sₜ₊₁, xᵢy"),
        (r"$p\in P\subset \mathbb{R}^d$", "p ∈ P ⊂ ℝᵈ"),
        (r"$\frac{a+b}{2}$, $\sqrt{3}$, $\sqrt{a+b}$, $\hat{x}_0$", "(a+b)/2, √3, √(a+b), x̂₀"),
        (r"\(W_1\), \[\left\|x\right\|_2^2\], $$n<k$$, $\{a, b\}$", "W₁, ‖x‖₂², n<k, {a, b}"),
        (r"$\mathcal{O}(n^{2k})$, $A^*$, $x^{\top}y$, $\pi_{0.5}$, $n^{-1/2}$", "O(n²ᵏ), A*, xᵀy, π₀.₅, n⁻¹ᐟ²"),
        (r"$e^{-\lambda t}$, $a_{\text{big, b}}$, $\sqrt[3]{x}$, $\sqrt[n]{x}$", "exp(-λ t), a_(big, b), ∛x, ⁿ√x"),
        (r"$\unknown{x} + y$, $\method_{small}$", "x + y, method-small"),
        # Commands that authors define.
        (r"We introduce \ours{}, \method and {\name}.", "We introduce ours, method and name."),
        (r"by \unknown{kept} and this\footnote{See there.}", "by kept and this (See there.)"),
        (r"(0.673 \pm 0.019), \sqrt{3}-robust, \mathcal{N}", "(0.673 ± 0.019), √3-robust, N"),
    ],
)  # fmt: skip
def test_it_reads_tex(written: str, plain: str) -> None:
    assert from_tex(written) == plain


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("VILA^2, R^3-Bench, UniF^2ace, 10^{19}, 10^{-22}, O(N^2)", "VILA², R³-Bench, UniF²ace, 10¹⁹, 10⁻²², O(N²)"),
        ("A^* and FaSTA^*, pass^k, T^{-1/3}, R^textbf{2AI}", "A* and FaSTA*, passᵏ, T⁻¹ᐟ³, R²AI"),
        ("360^circ, 135^{circ}, (360^circtimes180^circ), 360^\\circ", "360°, 135°, (360°×180°), 360°"),
        ("256{times}256, 12^3 times 4, 4times faster, {sim}11%", "256×256, 12³ × 4, 4× faster, ∼11%"),
        ("AnyTalk_{RT}, G_{stack}, p_{gen}, V_{0.5}, s_{t+1}", "AnyTalk-RT, G_stack, p_gen, V₀.₅, sₜ₊₁"),
        ("N_0-VTLA, L_0 sparsity, CO_2Jump, z_t", "N₀-VTLA, L₀ sparsity, CO₂Jump, zₜ"),
        ("tau^2-Bench, pi_0-FAST, pi_0.5, ell_2 norm, V{varepsilon^2}", "τ²-Bench, π₀-FAST, π₀.₅, ℓ₂ norm, V/ε²"),
        ("textit{O}bstacles, mathcal{O}(n), Self-text{CO}rrecting", "Obstacles, O(n), Self-COrrecting"),
        ("Oleft( log 1{delta} right), frac12D", "O(log 1/δ), 1/2D"),
        ("$P(it is incorrect) le (1 - p_{gen})^N$", "$P(it is incorrect) le (1 - p_gen)ᴺ$"),
        ("$textbf{one} and textbf{other}$ models, Modeling$ too", "one and other models, Modeling too"),
        ("https://a.org/B{https://a.org/B}, https://a.org/C{here}", "https://a.org/B, https://a.org/C (here)"),
        ("a.org/D{a.org/D}, sim4times, sim2real", "a.org/D, ∼4×, sim2real"),
        ("a remark} in it", "a remark in it"),
        ("at \\1 million (\\22K), \\~8B", "at $1 million ($22K), ~8B"),
    ],
)  # fmt: skip
def test_it_reads_tex_that_lost_its_dollar_signs(written: str, plain: str) -> None:
    assert from_tex(written) == plain


@pytest.mark.parametrize(
    "text",
    [
        "<think>, </answer>, a<b, n<k, <!-- x -->",
        "50% of snake_case, my_C_4, C_4.py, C_4(x), a = C_4[0], `x^2` and 'C_4', #1, AT&T, 5 < 6 > 4, ^_^",
        "from $5 to $10, $5/$10, $5M-$10M, US$5 (not A$), $7,800",
        "~5x faster, at ~ 9x, (~300), 10~20, x~N(0, 1), ~/.bashrc",
        "https://a.org/~me/x--y, a.org/~me",
        "C:\\temp\\new and C:\\alpha~1",
        '`a~b \\alpha $x$`, the `static/blog` folder, ```json {"a": 1}```',
        '{"a": "b\\n", "c": [1]}, {\\"a\\": 1}, print(\\"o\\")',
        "$a & b$, $\\begin{x}$",
        "\\d+, \\S+, \\w, \\u0041, \\n, \\.com, s/(a)/\\1/",
        "--flag, x-- and a | --- | b, -->",
        "in {True, False}, f''(x), 5'' wide, three times 4, data_{split}.json, https://a.org/a_{b}^2",
        "$$$ and \\\\ and { and } and `",
        "",
    ],
)
def test_it_leaves_alone_what_is_no_tex(text: str) -> None:
    assert from_tex(text) == text


@given(texlike)
@example("\\$a\\$")
@example("{" * 40 + "\\textbf{" * 40 + "x" + "}" * 80)
@settings(max_examples=examples(1_000))
def test_it_reads_once_and_for_all(text: str) -> None:
    once = from_tex(text)
    assert from_tex(once) == once
    assert clean(once) == once


@given(st.text())
def test_it_reads_any_text(text: str) -> None:
    assert from_tex(from_tex(text)) == from_tex(text)


@given(st.text(st.characters(exclude_characters="\\`~${}^_-")))
def test_it_changes_no_text_without_tex(text: str) -> None:
    assert from_tex(text) == clean(text)


@given(st.lists(st.tuples(st.from_regex("Q[a-z]{3,6}", fullmatch=True), texlike), max_size=8))
@settings(max_examples=examples(500))
def test_it_loses_no_word(parts: list[tuple[str, str]]) -> None:
    words = [word for word, _ in parts]
    text = " ".join(f"{word} {tex}" for word, tex in parts if "\\href" not in tex)
    kept = [word for word in words if word in text]
    assert [word for word in kept if word not in from_tex(text)] == []


@pytest.mark.parametrize(
    "part",
    slow_after(
        9,
        [
        *("{", "}", "\\", "$", "$a", "$ a", "`", "``", "`a", "'", "~", "-", "---", "a-", "a.", "a~", "\\'", "^{"),
        *("\\frac{", "\\textbf{", "\\textbf{{}", "\\textbf{a}", "{\\bf a", "\\url{", "\\href{a}{", "\\cite{", "$x$"),
        *("\\(", "\\[", "\\( a", "\\[\\(", "$\\$", "$\\alpha", '\\"a', "\\\"", "{\\", "\\a{}", "https://", "A:\\"),
        *("a^", "a_{", "x^{", "a^2", "pi_", "textbf{", "left(", "a left(b", "$abc", "1times", "https://a{", "a_1"),
        *("^", "_", "\\sqrt", "\\hat", "\\left", "\\$", "\\o", "a{}", "a--", "$\\a$", "x~", "\\c c"),
        ],
    ),
)  # fmt: skip
def test_it_reads_nonsense_of_any_length_in_good_time(part: str) -> None:
    began = time.process_time()
    from_tex(part * (100_000 // len(part)))
    from_tex("$" + part * (100_000 // len(part)) + "$")
    from_tex("$x" + part * (1_900 // len(part)) + "$")
    from_tex("\\textbf{" + part * (50_000 // len(part)) + " " + "a" * 50_000 + "}")
    assert time.process_time() - began < 2.5


def test_it_reads_a_day_of_abstracts_in_good_time() -> None:
    abstract = r"We study $\alpha$-divergences, where ``a'' is 5\% better~\cite{x}, with \textbf{bold} claims -- " * 14
    began = time.process_time()
    for _ in range(200):
        from_tex(abstract)
    assert time.process_time() - began < 2
    assert not re.search(r"[\\$~]", from_tex(abstract))
