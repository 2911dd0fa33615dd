"""Final answers in LaTeX, as hypothesis draws them."""

from hypothesis import strategies as st

latex = st.recursive(
    st.sampled_from(["x", "2", r"\pi", "10", "y"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"),
        inner.map(lambda part: rf"\sqrt{{{part}}}"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} + {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: rf"\left({pair[0]}, {pair[1]}\right)"),
        inner.map(lambda part: rf"\{{{part}\}}"),
    ),
    max_leaves=6,
)
