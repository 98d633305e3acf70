"""What ad-hoc SQL may say: kinds of nodes, functions, types and operators.

The lists allow, they do not deny: a function that PostgreSQL gains tomorrow is out until it is
looked at. All of these compute from their arguments and nothing else. Those that make a large
value of a small number (`repeat`, `format`, `array_fill`) are out as well.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NODES = _words("""
    A_ArrayExpr A_Const A_Expr A_Indices A_Indirection A_Star Alias BitString BoolExpr Boolean
    BooleanTest CaseExpr CaseWhen CoalesceExpr CollateClause ColumnDef ColumnRef
    CommonTableExpr Float FuncCall GroupingFunc GroupingSet Integer JoinExpr MinMaxExpr
    NamedArgExpr NullTest ParamRef RangeFunction RangeSubselect RangeVar ResTarget RowExpr
    SQLValueFunction SelectStmt SortBy String SubLink TypeCast TypeName WindowDef WithClause
""")

FUNCTIONS = _words("""
    any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop
    covar_samp every grouping json_agg json_object_agg jsonb_agg jsonb_object_agg max min mode
    percentile_cont percentile_disc range_agg regr_avgx regr_avgy regr_count regr_intercept
    regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp string_agg sum
    var_pop var_samp variance cume_dist dense_rank first_value lag last_value lead nth_value
    ntile percent_rank rank row_number abs acos acosd asin asind atan atan2 atan2d atand cbrt
    ceil ceiling cos cosd cosh cot cotd degrees div erf erfc exp factorial floor gcd lcm ln log
    log10 mod pi power pow radians random round scale sign sin sind sinh sqrt tan tand tanh
    trim_scale trunc width_bucket min_scale ascii bit_length btrim casefold char_length
    character_length chr concat concat_ws convert_from convert_to decode encode initcap
    is_normalized left length lower lpad ltrim md5 normalize octet_length overlay position
    quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr
    replace reverse right rpad rtrim sha224 sha256 sha384 sha512 similar_to_escape split_part
    starts_with string_to_array string_to_table strpos substr substring to_hex translate trim
    unistr upper age clock_timestamp date_add date_bin date_part date_subtract date_trunc
    extract isfinite justify_days justify_hours justify_interval localtime localtimestamp
    make_date make_interval make_time make_timestamp make_timestamptz now overlaps
    statement_timestamp timezone to_char to_date to_number to_timestamp transaction_timestamp
    array_append array_cat array_dims array_length array_lower array_ndims array_position
    array_positions array_prepend array_remove array_replace array_reverse array_sort
    array_to_json array_to_string array_upper cardinality trim_array unnest json_array_elements
    json_array_elements_text json_array_length json_build_array json_build_object json_each
    json_each_text json_extract_path json_extract_path_text json_object json_object_keys
    json_strip_nulls json_typeof jsonb_array_elements jsonb_array_elements_text
    jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
    jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys
    jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array
    jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_typeof
    row_to_json to_json to_jsonb json_to_record json_to_recordset jsonb_to_record
    jsonb_to_recordset coalesce gen_random_uuid generate_series generate_subscripts greatest
    least nullif num_nonnulls num_nulls bool bpchar date float4 float8 int2
    int4 int8 interval json jsonb numeric text time timestamp timestamptz uuid varchar
""")

TYPES = _words("""
    bit bool bpchar bytea char date float4 float8 int2 int4 int8 interval json jsonb numeric
    text time timestamp timestamptz timetz uuid varbit varchar
""")

OPERATORS = _words("""
    + - * / % ^ |/ ||/ @ & | # ~ << >> = <> != < <= > >= || ~~ !~~ ~~* !~~* ~* !~ !~* ^@ -> ->>
    #> #>> @> <@ ? ?| ?& && @? @@ #-
""")

CLOCKS = _words("""
    SVFOP_CURRENT_DATE SVFOP_CURRENT_TIME SVFOP_CURRENT_TIME_N SVFOP_CURRENT_TIMESTAMP
    SVFOP_CURRENT_TIMESTAMP_N SVFOP_LOCALTIME SVFOP_LOCALTIME_N SVFOP_LOCALTIMESTAMP
    SVFOP_LOCALTIMESTAMP_N
""")

# Their second argument is how long the answer is: a small constant only.
SIZED = _words("lpad rpad")
MAX_SIZE = 1000

SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})

# How what is refused is called in SQL, where the name of the node does not say it.
SAID = {
    "IntoClause": "SELECT INTO",
    "LockingClause": "FOR UPDATE or FOR SHARE",
    "SQLValueFunction": "a function about the session",
    "RangeTableSample": "TABLESAMPLE",
    "XmlExpr": "XML",
    "XmlSerialize": "XML",
    "InsertStmt": "INSERT",
    "UpdateStmt": "UPDATE",
    "DeleteStmt": "DELETE",
    "MergeStmt": "MERGE",
    "SetToDefault": "DEFAULT",
    "CTESearchClause": "SEARCH",
    "CTECycleClause": "CYCLE",
}
