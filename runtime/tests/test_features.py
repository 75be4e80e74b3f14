"""Every feature column: what it makes of good cells, of NULL, of unseen and of malformed ones."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from conftest import Said
from sqlflow_runtime import (
    bucket,
    category_hash,
    category_id,
    column,
    cross,
    embedding,
    every,
    indicator,
    matching,
    numeric,
    seq_category_id,
    sparse,
    weighted_category,
)
from sqlflow_runtime._errors import ProgramError
from sqlflow_runtime.data import Spool, spool
from sqlflow_runtime.features import _values
from sqlflow_runtime.features._declared import Feature
from sqlflow_runtime.features._fit import fit
from sqlflow_runtime.features._fitted import Encoded, Specification
from sqlflow_runtime.features._matrix import matrix
from sqlflow_runtime.features._values import Ragged, Tally

NAN = float("nan")


def spooled(columns: dict[str, Any], batch_rows: int = 3) -> Spool:
    """Returns a spool of several batches, so that nothing can rely on there being one."""
    table = pa.table(
        {
            name: pa.array(values) if isinstance(values, list) else values
            for name, values in columns.items()
        }
    )
    return spool(pa.RecordBatchReader.from_batches(table.schema, table.to_batches(batch_rows)))


class Fitted:
    def __init__(
        self, features: Sequence[Feature], columns: dict[str, Any], reserved: Sequence[str] = ()
    ) -> None:
        self.rows = spooled(columns)
        fresh = fit(list(features), self.rows, set(reserved))
        # What a model keeps is the JSON, so that is what every test goes through.
        self.specification = Specification.from_json(fresh.to_json())
        assert self.specification == fresh

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.specification.targets["features"].features]

    def encode(self, columns: dict[str, Any] | None = None) -> Encoded:
        rows = self.rows if columns is None else spooled(columns)
        tally = Tally()
        encoded = self.specification.encode_all(rows, "the query", tally)["features"]
        tally.warn()
        return encoded

    def matrix(self, columns: dict[str, Any] | None = None) -> list[list[float]]:
        target = self.specification.targets["features"]
        found = matrix(target, self.encode(columns), "XGBoost")
        dense: Any = found if isinstance(found, np.ndarray) else found.toarray()
        return [[round(float(value), 4) for value in row] for row in dense]

    def ids(self, columns: dict[str, Any] | None = None) -> list[list[int]]:
        (ragged,) = self.encode(columns).categories
        return as_lists(ragged)


def as_lists(ragged: Ragged) -> list[list[int]]:
    return [part.tolist() for part in np.split(ragged.ids, ragged.offsets[1:-1])]


def weights(encoded: Encoded) -> list[list[float]]:
    (ragged,) = encoded.categories
    assert ragged.weights is not None
    return [part.tolist() for part in np.split(ragged.weights, ragged.offsets[1:-1])]


def same(found: list[list[float]], wanted: list[list[float]]) -> None:
    np.testing.assert_allclose(found, wanted, equal_nan=True)


def test_numbers_of_every_type_are_themselves(said: Said) -> None:
    columns = {
        "tiny": pa.array([1, None, 3], pa.int8()),
        "unsigned": pa.array([1, None, 3], pa.uint64()),
        "real": pa.array([0.5, None, NAN], pa.float32()),
        "double": pa.array([0.5, None, 2.5], pa.float64()),
        "exact": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3")]),
        "truth": pa.array([True, None, False]),
    }
    fitted = Fitted([every()], columns)
    assert fitted.names == list(columns)
    same(
        fitted.matrix(),
        [[1, 1, 0.5, 0.5, 1.25, 1], [NAN] * 6, [3, 3, NAN, 2.5, -3, 0]],
    )
    assert said.warnings() == []


def test_times_are_numbers_with_an_origin_that_the_model_keeps(said: Said) -> None:
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    columns = {
        "day": pa.array([datetime.date(1970, 1, 2), None, datetime.date(2026, 1, 1)]),
        "instant": pa.array([start, None, start + datetime.timedelta(seconds=1)]),
        "clock": pa.array([datetime.time(1, 0), None, datetime.time(0, 0, 1)]),
        "span": pa.array([datetime.timedelta(days=1), None, datetime.timedelta(0)]),
    }
    fitted = Fitted([every()], columns)
    # One second apart after 56 years: in a float32 since 1970 they would be the same number.
    same(fitted.matrix(), [[1, 0, 3600, 86400], [NAN] * 4, [20454, 1, 1, 0]])
    later = fitted.matrix(
        {**columns, "instant": pa.array([start + datetime.timedelta(days=1)] * 3)}
    )
    assert later[0][1] == 86400


def test_a_date_where_a_timestamp_was_is_its_midnight_and_a_number_is_an_error() -> None:
    day = datetime.datetime(2026, 1, 1)  # noqa: DTZ001
    fitted = Fitted([column("at")], {"at": [day, day]})
    same(fitted.matrix({"at": [datetime.date(2026, 1, 2)]}), [[86400]])
    with pytest.raises(
        ProgramError, match="`at` has type int64, but the model was trained on time"
    ):
        fitted.matrix({"at": [1]})


def test_text_is_a_vocabulary_in_order_of_bytes_whatever_the_order_of_rows(said: Said) -> None:
    fitted = Fitted([column("c")], {"c": ["b", "é", None, "a", "B", "b"]})
    assert fitted.specification.to_json()["features"][0]["feature"] == {
        "kind": "vocabulary",
        "column": "c",
        "values": ["B", "a", "b", "é"],
    }
    assert fitted.ids() == [[2], [3], [], [1], [0], [2]]
    assert said.warnings() == []
    assert fitted.ids({"c": ["a", "z", None, "y"]}) == [[1], [], [], []]
    assert said.warnings() == ["column `c`: 2 values were ignored: not seen in training"]


def test_enumerations_are_read_as_their_texts() -> None:
    enum = pa.array(["red", "blue", None, "red"]).dictionary_encode()
    assert Fitted([column("c")], {"c": enum}).ids() == [[1], [0], [], [1]]


def test_text_of_numbers_is_a_number_or_a_vector(said: Said) -> None:
    columns = {"one": ["1", " +2.5 ", None, ""], "csv": ["1,2", "3, 4e1", None, "5,6"]}
    fitted = Fitted([every()], columns)
    same(fitted.matrix(), [[1, 1, 2], [2.5, 3, 40], [NAN] * 3, [NAN, 5, 6]])
    assert said.warnings() == []
    same(fitted.matrix({"one": ["x"], "csv": ["1,2,3"]}), [[NAN] * 3])
    assert said.warnings() == [
        "column `one`: 1 value was ignored: not a number",
        "column `csv`: 1 value was ignored: not a vector of 2 numbers",
    ]


def test_vectors_of_different_lengths_are_an_error_that_names_the_way_out() -> None:
    with pytest.raises(ProgramError, match=r"different lengths \(1, 2\); say DENSE"):
        Fitted([column("c")], {"c": ["1,2", "3"]})


def test_lists_are_vectors_of_numbers_or_several_words() -> None:
    columns = {"v": [[1.0, 2.0], None, [3.0, None]], "w": [["b", "a"], [], ["b", "b"]]}
    fitted = Fitted([every()], columns)
    encoded = fitted.encode()
    same(encoded.dense.tolist(), [[1, 2], [NAN, NAN], [3, NAN]])
    assert as_lists(encoded.categories[0]) == [[1, 0], [], [1, 1]]
    # A category that a row has twice counts twice.
    assert fitted.matrix()[2][2:] == [0, 2]


def test_numeric_takes_shape_and_delimiter(said: Said) -> None:
    fitted = Fitted([numeric("c", shape=[2, 1], delimiter=" ")], {"c": ["1 2", "3  4", "5", None]})
    same(fitted.matrix(), [[1, 2], [3, 4], [NAN, NAN], [NAN, NAN]])
    assert said.warnings() == ["column `c`: 1 value was ignored: not a vector of 2 numbers"]
    same(
        Fitted([numeric("c", delimiter="COMMA")], {"c": ["1,2", "3,4"]}).matrix(), [[1, 2], [3, 4]]
    )
    same(Fitted([numeric("c", shape=1)], {"c": [7, None]}).matrix(), [[7], [NAN]])
    with pytest.raises(ProgramError, match="`c` has type int64 and cannot hold 3 numbers"):
        Fitted([numeric("c", shape=3)], {"c": [7]})


def test_sparse_ids_are_ones_and_pairs_are_weights(said: Said) -> None:
    ids = Fitted([sparse("c", shape=5)], {"c": ["1,3", "4,4", "", None, "9,x,1"]})
    assert ids.ids() == [[1, 3], [4, 4], [], [], [1]]
    assert said.warnings() == [
        "column `c`: 1 value was ignored: not a number",
        "column `c`: 1 value was ignored: not an id from 0 to 4",
    ]
    pairs = Fitted([sparse("c", 5, "|", "int", ":")], {"c": ["1:0.5|3:2", "4:-1", None]})
    same(pairs.matrix(), [[0, 0.5, 0, 2, 0], [0, 0, 0, 0, -1], [0] * 5])


def test_libsvm_text_is_recognised_and_its_size_derived() -> None:
    fitted = Fitted([sparse("c")], {"c": ["0:1 2:0.5", "1:3", None]})
    same(fitted.matrix(), [[1, 0, 0.5], [0, 3, 0], [0, 0, 0]])


def test_a_pair_without_weight_is_left_out_and_counted(said: Said) -> None:
    fitted = Fitted([sparse("c", 3, " ", "int", ":")], {"c": ["0:1 2", "1:x 2:4"]})
    same(fitted.matrix(), [[1, 0, 0], [0, 0, 4]])
    assert "column `c`: 1 value was ignored: not a pair" in said.warnings()


def test_bucket_is_closed_on_the_left() -> None:
    fitted = Fitted([bucket("c", [0, 10])], {"c": [-1, 0, 9, 10, None]})
    assert fitted.ids() == [[0], [1], [1], [2], []]


def test_bucket_of_a_vector_has_buckets_for_each_place() -> None:
    fitted = Fitted([bucket(numeric("c", 2), [0])], {"c": ["-1,1", "1,-1", None]})
    assert fitted.ids() == [[0, 3], [1, 2], []]


def test_category_id_leaves_out_what_is_no_id(said: Said) -> None:
    fitted = Fitted([category_id("c", 3)], {"c": [0, 2, 3, -1, None]})
    assert fitted.ids() == [[0], [2], [], [], []]
    assert said.warnings() == ["column `c`: 2 values were ignored: not an id from 0 to 2"]
    assert Fitted([category_id("c", 3)], {"c": [1.0, 1.5]}).ids() == [[1], []]


@pytest.mark.parametrize("function", [category_id, seq_category_id])
def test_ids_in_text_keep_their_order(function: Any) -> None:
    fitted = Fitted([function(sparse("c", 10, ","), 10)], {"c": ["3,1,3", "7", None]})
    assert fitted.ids() == [[3, 1, 3], [7], []]


def test_fnv_1a_has_the_published_values() -> None:
    found = _values.fnv1a(pa.array(["", "a", "foobar", None, "a"]))
    assert [int(value) for value in found] == [
        0xCBF29CE484222325,
        0xAF63DC4C8601EC8C,
        0x85944171F73967E8,
        0xCBF29CE484222325,
        0xAF63DC4C8601EC8C,
    ]


def test_category_hash_is_the_same_for_the_same_value_of_any_type() -> None:
    size = 1000
    wanted = 0xAF63AC4C86019AFC  # FNV-1a of "1"
    for values in ([1], [1.0], ["1"], [decimal.Decimal("1.00")]):
        found = Fitted([category_hash("c", size)], {"c": values}).ids()
        assert found == [[int(_values.fnv1a(pa.array(["1"]))[0]) % size]]
    assert int(_values.fnv1a(pa.array(["1"]))[0]) == wanted
    assert Fitted([category_hash("c", size)], {"c": pa.array([None], pa.string())}).ids() == [[]]


def test_category_hash_of_a_list_hashes_each_part() -> None:
    fitted = Fitted([category_hash(sparse("c", 1, ",", "string"), 97)], {"c": ["x,y", "y"]})
    first, second = fitted.ids()
    assert first[1:] == second


def test_weights_are_kept_by_weighted_category_only() -> None:
    pairs = sparse("c", 4, ",", "int", ":")
    columns = {"c": ["0:0.5,3:2", None]}
    plain = Fitted([indicator(category_id(pairs, 4))], columns)
    same(plain.matrix(), [[1, 0, 0, 1], [0] * 4])
    kept = Fitted([weighted_category(category_id(pairs, 4))], columns)
    assert weights(kept.encode()) == [[0.5, 2.0], []]
    with pytest.raises(ProgramError, match="WEIGHTED_CATEGORY needs a column of `id:weight` pairs"):
        Fitted([weighted_category(category_id("c", 4))], {"c": [1]})


def test_cross_is_missing_when_a_key_is() -> None:
    columns = {"a": ["x", "x", "y", None], "b": [1, 99, 1, 1]}
    fitted = Fitted([cross(["a", bucket("b", [50])], 1_000_003)], columns)
    found = fitted.ids()
    assert found[3] == []
    assert len({ids[0] for ids in found[:3]}) == 3
    joined = pa.array(["x\x1f0"])
    assert found[0] == _values.hashed(joined, 1_000_003).tolist()


def test_indicator_and_embedding_of_a_bare_column_learn_its_values() -> None:
    fitted = Fitted([indicator("c")], {"c": [1_000_000_000, 5, None, 5]})
    same(fitted.matrix(), [[1, 0], [0, 1], [0, 0], [0, 1]])
    learned = Fitted([embedding("c", 8, "mean")], {"c": ["b", "a", None]})
    assert learned.specification.to_json()["features"][0]["feature"]["dimension"] == 8
    assert learned.ids() == [[1], [0], []]


def test_embedding_has_no_place_in_a_matrix() -> None:
    fitted = Fitted([embedding("c", 8)], {"c": ["a", "b"]})
    with pytest.raises(ProgramError, match="`c` is an EMBEDDING, which XGBoost cannot learn"):
        fitted.matrix()


def test_numbers_and_categories_share_a_sparse_matrix_that_keeps_zeros() -> None:
    fitted = Fitted([column("n"), column("c")], {"n": [0.0, None, 2.0], "c": ["a", "b", None]})
    found: Any = matrix(fitted.specification.targets["features"], fitted.encode(), "XGBoost")
    # A zero that is there is a number; only what is absent is missing.
    assert found.nnz == 4
    assert [sorted(found[row].indices.tolist()) for row in range(3)] == [[0, 1], [2], [0]]


def test_every_column_means_those_not_named_elsewhere() -> None:
    columns = {"a": [1], "b": [2], "label": [3], "w": [4]}
    fitted = Fitted([bucket("b", [0]), every()], columns, ["label", "w"])
    assert fitted.names == ["b", "a"]


def test_every_column_passes_over_types_that_are_no_feature(said: Said) -> None:
    fitted = Fitted([every()], {"a": [1], "b": [b"x"], "s": [{"x": 1}]})
    assert fitted.names == ["a"]
    assert [message.partition(":")[0] for message in said.warnings()] == [
        "column `b` is left out",
        "column `s` is left out",
    ]
    with pytest.raises(ProgramError, match="`b` has type binary, which is no feature"):
        Fitted([column("b")], {"b": [b"x"]})


def test_matching_takes_whole_names_without_regard_to_case() -> None:
    columns = {"Petal_width": [1], "petal_length": [2], "not_petal": [3], "label": [4]}
    fitted = Fitted([matching("petal_.*")], columns, ["label"])
    assert fitted.names == ["Petal_width", "petal_length"]
    with pytest.raises(ProgramError, match=r"no column of the training query matches `sepal\.\*`"):
        Fitted([matching("sepal.*")], columns)


def test_a_column_used_twice_gives_two_names() -> None:
    fitted = Fitted([column("a"), bucket("a", [0]), bucket("a", [1])], {"a": [1]})
    assert fitted.names == ["a", "a_bucket", "a_bucket_2"]


def test_names_are_found_without_regard_to_case_unless_ambiguous() -> None:
    assert Fitted([column("A")], {"a": [1]}).names == ["a"]
    with pytest.raises(ProgramError, match="column `Aa` is ambiguous"):
        Fitted([column("Aa")], {"AA": [1], "aa": [2], "aA": [3]})
    assert Fitted([column("aA")], {"AA": [1], "aa": [2], "aA": [3]}).names == ["aA"]


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    with pytest.raises(ProgramError, match="no column `petal_lenght` in the training query"):
        Fitted([column("petal_lenght")], {"petal_length": [1]})
    fitted = Fitted([column("a")], {"a": [1]})
    with pytest.raises(ProgramError, match="no column `a` in the query; there are `b`, `c`"):
        fitted.matrix({"b": [1], "c": [1]})


def test_the_label_is_no_feature() -> None:
    with pytest.raises(ProgramError, match="column `y` cannot be a feature: it is the label"):
        Fitted([column("x"), column("y")], {"x": [1], "y": [2]}, ["y"])


def test_infinite_numbers_are_missing_and_counted(said: Said) -> None:
    same(Fitted([column("a")], {"a": [float("inf"), 1e300, 1.0]}).matrix(), [[NAN], [NAN], [1]])
    assert said.warnings() == ["column `a`: 2 values were ignored: infinite or beyond float32"]


def test_a_column_without_values_is_missing_throughout(said: Said) -> None:
    columns = {"t": pa.array([None, None], pa.string()), "n": pa.nulls(2)}
    same(Fitted([every()], columns).matrix(), [[NAN, NAN], [NAN, NAN]])
    assert said.warnings() == ["column `t` has no value in the training query"]


def test_encoding_does_not_depend_on_how_rows_are_cut_into_batches() -> None:
    columns = {"n": [1.0, None, 3.0, 4.0], "c": ["a", "b", None, "a,b"], "s": ["1", "2,0", "", "0"]}
    features = [column("n"), column("c"), sparse("s", 3)]
    specification = fit(features, spooled(columns), set())
    found = [
        specification.encode_all(spooled(columns, size), "the query", Tally())["features"]
        for size in (1, 2, 4)
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].dense, other.dense)
        for one, two in zip(found[0].categories, other.categories, strict=True):
            assert as_lists(one) == as_lists(two)


def test_rows_are_taken_in_any_order() -> None:
    ragged = Ragged(np.array([0, 2, 2, 3]), np.array([5, 6, 7]), np.array([1, 2, 3], np.float32))
    taken = ragged.take(np.array([2, 0, 0, 1]))
    assert as_lists(taken) == [[7], [5, 6], [5, 6], []]
    assert taken.weights is not None
    assert taken.weights.tolist() == [3, 1, 2, 1, 2]
