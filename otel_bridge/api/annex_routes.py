"""The rows of the table of endpoints (`api.routes`) about what lies beside calls (`weave-api.md` §5.3).

Rows of a subject stand in an order in which their examples work, one after the other.
"""

from __future__ import annotations

from typing import Final

from otel_bridge.api import annex_queries as ask
from otel_bridge.api import annex_reads as annex
from otel_bridge.api import feedback_statistics
from otel_bridge.api.typed import post, write
from otel_bridge.http.route import About

FORM: Final = "multipart/form-data"
FEEDBACK: Final = "Feedback"
COSTS: Final = "Costs"
OBJECTS: Final = "Objects"
TABLES: Final = "Tables"
FILES: Final = "Files"

ANNEX_ROUTES: Final = (
    write(
        "/feedback/create",
        "/feedback/create",
        About(FEEDBACK, "Give feedback", "FeedbackCreateReq", "FeedbackCreateRes"),
    ),
    write(
        "/feedback/batch/create",
        "/feedback/batch/create",
        About(
            FEEDBACK,
            "Give several pieces of feedback",
            "FeedbackCreateBatchReq",
            "FeedbackCreateBatchRes",
            more="All of them or none.",
        ),
    ),
    write(
        "/feedback/replace",
        "/feedback/replace",
        About(FEEDBACK, "Replace feedback", "FeedbackReplaceReq", "FeedbackCreateRes"),
    ),
    post(
        "/feedback/query",
        ask.feedback,
        annex.answer,
        About(FEEDBACK, "Query feedback", "RowsQueryReq", "FeedbackQueryRes"),
    ),
    post(
        "/feedback/stats",
        feedback_statistics.asked_stats,
        feedback_statistics.feedback_stats,
        About(
            FEEDBACK,
            "Values in feedback over time",
            "FeedbackStatsReq",
            "FeedbackStatsRes",
            more="The type of a scorer's feedback is `wandb.runnable.` and its name. Percentiles are exact.",
        ),
    ),
    post(
        "/feedback/payload_schema",
        feedback_statistics.asked_schema,
        feedback_statistics.payload_schema,
        About(
            FEEDBACK,
            "Where feedback holds values",
            "FeedbackPayloadSchemaReq",
            "FeedbackPayloadSchemaRes",
            more="What `/feedback/stats` can count, by type of feedback.",
        ),
    ),
    write(
        "/feedback/purge",
        "/feedback/purge",
        About(
            FEEDBACK,
            "Delete feedback",
            "PurgeReq",
            "Empty",
            more="The query names ids, with `$eq` and `$or`.",
        ),
    ),
    write(
        "/cost/create", "/cost/create", About(COSTS, "Set prices of models", "CostCreateReq", "CostCreateRes")
    ),
    post(
        "/cost/query",
        ask.prices,
        annex.answer,
        About(COSTS, "Query the prices of a project", "RowsQueryReq", "CostQueryRes"),
    ),
    write(
        "/cost/purge",
        "/cost/purge",
        About(
            COSTS,
            "Delete prices",
            "PurgeReq",
            "Empty",
            more="The query names ids, with `$eq`, `$in` and `$or`.",
        ),
    ),
    write(
        "/obj/create",
        "/obj/create",
        About(OBJECTS, "Publish a version of an object", "ObjCreateReq", "ObjCreateRes", refuses=(409,)),
    ),
    post(
        "/obj/read",
        ask.an_object,
        annex.answer,
        About(
            OBJECTS,
            "Read a version of an object",
            "ObjReadReq",
            "ObjReadRes",
            refuses=(404,),
            more="`digest` may be `latest` or `v0`, `v1`, …",
        ),
    ),
    post(
        "/objs/query",
        ask.objects,
        annex.answer,
        About(OBJECTS, "Query versions of objects", "ObjQueryReq", "ObjQueryRes"),
    ),
    post(
        "/refs/read_batch",
        ask.refs,
        annex.answer,
        About(
            OBJECTS,
            "Read what refs name",
            "RefsReadBatchReq",
            "RefsReadBatchRes",
            more="In the order of the refs; null for what is not known.",
        ),
    ),
    write(
        "/obj/delete",
        "/obj/delete",
        About(OBJECTS, "Delete versions of an object", "ObjDeleteReq", "ObjDeleteRes", refuses=(404,)),
    ),
    write(
        "/table/create",
        "/table/create",
        About(TABLES, "Keep a table", "TableCreateReq", "TableCreateRes", refuses=(409,)),
    ),
    write(
        "/table/create_from_digests",
        "/table/create_from_digests",
        About(
            TABLES,
            "Make a table of rows that are kept",
            "TableCreateFromDigestsReq",
            "TableCreateFromDigestsRes",
            refuses=(404, 409),
        ),
    ),
    write(
        "/table/update",
        "/table/update",
        About(TABLES, "Make a table out of another one", "TableUpdateReq", "TableUpdateRes", refuses=(404,)),
    ),
    post(
        "/table/query",
        ask.a_table,
        annex.answer,
        About(TABLES, "Read the rows of a table", "TableQueryReq", "TableQueryRes"),
    ),
    post(
        "/table/query_stats",
        ask.table_stats,
        annex.answer,
        About(
            TABLES, "Count the rows of a table", "TableQueryStatsReq", "TableQueryStatsRes", refuses=(404,)
        ),
    ),
    post(
        "/table/query_stats_batch",
        ask.tables_stats,
        annex.answer,
        About(TABLES, "Count the rows of tables", "TableQueryStatsBatchReq", "TableQueryStatsBatchRes"),
    ),
    write(
        "/file/create",
        "/file/create",
        About(FILES, "Keep a file", "FileCreateReq", "FileCreateRes", takes=(FORM,), refuses=(409,)),
    ),
    write(
        "/files/create",
        "/file/create",
        About(
            FILES,
            "Keep a file, as SDKs before 0.53 say it",
            "FileCreateReq",
            "FileCreateRes",
            takes=(FORM,),
            refuses=(409,),
            deprecated=True,
        ),
    ),
    post(
        "/file/content",
        ask.a_file,
        annex.answer,
        About(FILES, "Read a file", "FileContentReq", gives=(annex.OCTETS,), refuses=(404,)),
        content_type=lambda _accept: annex.OCTETS,
    ),
    post(
        "/files/content",
        ask.a_file,
        annex.answer,
        About(
            FILES,
            "Read a file, as SDKs before 0.53 say it",
            "FileContentReq",
            gives=(annex.OCTETS,),
            refuses=(404,),
            deprecated=True,
        ),
        content_type=lambda _accept: annex.OCTETS,
    ),
)
