package dev.rondo.layers;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import dev.rondo.graph.Op.Direction;
import dev.rondo.json.StrictJson;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Networks as JSON: what a model file says about its model.
///
/// ```json
/// {"version": 1, "seed": 42, "layers": [
///   {"type": "Input", "name": "x", "dataType": "INT32", "shape": ["B", "T"]},
///   {"type": "Dense", "name": "dense", "units": 65, "activation": "LINEAR", ...}]}
/// ```
///
/// This is a chain, in which each layer takes what the one before it gives. Any other network says besides what its layers
/// are applied to, and what it gives, and is of version 2:
///
/// ```json
/// {"version": 2, "seed": 42, "layers": [...],
///  "calls": [
///   {"layer": "x", "inputs": []}, {"layer": "lstm", "inputs": ["x"]}, {"layer": "lstm", "inputs": ["x", "lstm/h", "lstm/c"]}],
///  "outputs": [{"name": "logits", "from": "lstm:1"}]}
/// ```
///
/// A layer or an initializer is an object of its record's components and its `type`. So a new layer needs nothing here,
/// and a file can make nothing but the records that [Layer] and [Initializer] permit, whose constructors check it.
final class NetworkJson {
    /// The version of chains.
    static final int CHAIN = 1;

    /// The version of other networks.
    static final int VERSION = 2;

    /// Components that records got after files without them had been written, which mean this.
    private static final Map<String, Object> LATER = Map.of(
            "initialState", RecurrentSettings.InitialState.ZERO,
            "masks", Dropout.Masks.PER_STEP,
            "inputClip", Double.POSITIVE_INFINITY,
            "gateActivation", Activation.SIGMOID,
            "candidateActivation", Activation.TANH,
            "form", LstmForm.STANDARD,
            "cellClip", Double.POSITIVE_INFINITY,
            "mask", Mask.NONE,
            "learning", Embedding.Learning.TRAINED);

    /// No network that is written nests deeper.
    private static final int DEPTH = 16;

    private NetworkJson() {}

    /// Writes JSON.
    static String write(Network network) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.beginObject();
            json.name("version").value(network.isChain() ? CHAIN : VERSION);
            json.name("seed").value(network.seed());
            json.name("layers").beginArray();
            for (Layer layer : network.layers()) {
                writeRecord(json, layer);
            }
            json.endArray();
            if (!network.isChain()) {
                writeCalls(json, network);
            }
            json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot fail to be written", e);
        }
        return text.toString();
    }

    private static void writeCalls(JsonWriter json, Network network) throws IOException {
        json.name("calls").beginArray();
        for (Network.Call call : network.calls()) {
            json.beginObject();
            json.name("layer").value(call.layer().name());
            json.name("inputs").beginArray();
            for (Network.Port port : call.inputs()) {
                json.value(name(network, port));
            }
            json.endArray();
            json.endObject();
        }
        json.endArray();
        json.name("outputs").beginArray();
        for (Network.Output output : network.outputs()) {
            json.beginObject();
            json.name("name").value(output.name());
            json.name("from").value(name(network, output.port()));
            json.endObject();
        }
        json.endArray();
    }

    /// A port as the name of its call, and where it is not the main output a slash and the name of the output.
    private static String name(Network network, Network.Port port) {
        String call = network.callName(port.call());
        return port.output().equals(Layer.Y) ? call : call + "/" + port.output();
    }

    /// Reads JSON.
    ///
    /// @throws IllegalArgumentException if it is no JSON, or of another version, or has unknown layers or fields, or
    ///     lacks some, or has values that a layer refuses: with the place, what was expected and what came
    static Network read(String text) {
        Fields model = new Fields("model", tree(text));
        long version = model.number("version");
        if (version != CHAIN && version != VERSION) {
            throw new IllegalArgumentException(
                    "model: version: expected %d or %d, got %d".formatted(CHAIN, VERSION, version));
        }
        long seed = model.number("seed");
        List<?> items = model.list("layers");
        List<?> calls = version == CHAIN ? List.of() : model.list("calls");
        List<?> outputs = version == CHAIN ? List.of() : model.list("outputs");
        model.end();
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            layers.add(readRecord("layers[" + i + "]", Layer.class, items.get(i)));
        }
        return version == CHAIN ? Network.chain(seed, layers) : readCalls(seed, layers, calls, outputs);
    }

    private static Network readCalls(long seed, List<Layer> layers, List<?> calls, List<?> outputs) {
        Map<String, Layer> byName = new HashMap<>();
        for (Layer layer : layers) {
            if (byName.putIfAbsent(layer.name(), layer) != null) {
                throw new IllegalArgumentException(
                        "layers: expected a name of its own for each, got %s twice".formatted(layer.name()));
            }
        }
        Map<String, Integer> times = new HashMap<>();
        Map<String, Integer> places = new HashMap<>();
        List<Network.Call> read = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            Fields fields = new Fields("calls[" + i + "]", calls.get(i));
            String name = fields.string("layer");
            Layer layer = byName.get(name);
            if (layer == null) {
                throw fields.wrong("layer", "one of " + layers.stream().map(Layer::name).toList(), name);
            }
            List<Network.Port> inputs = new ArrayList<>();
            for (Object input : fields.list("inputs")) {
                inputs.add(port(fields, "inputs", input, places));
            }
            fields.end();
            read.add(new Network.Call(layer, inputs));
            int time = times.merge(name, 1, Integer::sum) - 1;
            places.put(time == 0 ? name : name + ":" + time, i);
        }
        if (times.size() < layers.size()) {
            throw new IllegalArgumentException("calls: expected one of every layer %s, got calls of %s"
                    .formatted(layers.stream().map(Layer::name).toList(), times.keySet()));
        }
        List<Network.Output> given = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            Fields fields = new Fields("outputs[" + i + "]", outputs.get(i));
            given.add(new Network.Output(fields.string("name"), port(fields, "from", fields.take("from"), places)));
            fields.end();
        }
        return new Network(seed, read, given);
    }

    private static Network.Port port(Fields fields, String field, Object json, Map<String, Integer> places) {
        if (!(json instanceof String text)) {
            throw fields.wrong(field, "the name of a call before it", json);
        }
        int slash = text.indexOf('/');
        Integer place = places.get(slash < 0 ? text : text.substring(0, slash));
        if (place == null) {
            throw fields.wrong(field, "the name of a call before it", text);
        }
        return new Network.Port(place, slash < 0 ? Layer.Y : text.substring(slash + 1));
    }

    // ------------------------------------------------------------------------------------------- records to JSON

    static void writeRecord(JsonWriter json, Object object) throws IOException {
        json.beginObject();
        json.name("type").value(object.getClass().getSimpleName());
        writeComponents(json, object);
        json.endObject();
    }

    private static void writeComponents(JsonWriter json, Object object) throws IOException {
        for (RecordComponent component : object.getClass().getRecordComponents()) {
            Object value = get(component, object);
            // What older readers take it for they need not read.
            if (!value.equals(LATER.get(component.getName()))) {
                json.name(component.getName());
                writeValue(json, value);
            }
        }
    }

    private static Object get(RecordComponent component, Object object) {
        try {
            return component.getAccessor().invoke(object);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("a record of this package can be read", e);
        }
    }

    private static void writeValue(JsonWriter json, Object value) throws IOException {
        switch (value) {
            case String string -> json.value(string);
            case Integer number -> json.value(number);
            case Double number -> json.value(number);
            case Float number -> json.value(number);
            case Enum<?> constant -> json.value(constant.name());
            case Initializer initializer -> writeRecord(json, initializer);
            case Layer layer -> writeRecord(json, layer);
            case GivenValues given -> {
                json.beginObject();
                json.name("rows").value(given.rows());
                json.name("columns").value(given.columns());
                json.name("sha256").value(given.digest());
                json.endObject();
            }
            case RecordedCell cell -> CellJson.write(json, cell);
            case RecurrentSettings settings -> writeSettings(json, settings);
            case LstmForm form -> writeSettings(json, form);
            case Shape shape -> {
                json.beginArray();
                for (int dim : shape.dims()) {
                    if (dim < 0) {
                        json.value(symbols().get(dim));
                    } else {
                        json.value(dim);
                    }
                }
                json.endArray();
            }
            default -> throw new IllegalStateException("no JSON for " + value.getClass());
        }
    }

    private static void writeSettings(JsonWriter json, Object settings) throws IOException {
        json.beginObject();
        writeComponents(json, settings);
        json.endObject();
    }

    // ------------------------------------------------------------------------------------------- JSON to records

    /// A record that a sealed interface permits: one of its own, or one beside it. Found by its name, since a look at all
    /// that are permitted would load them.
    static <T> T readRecord(String place, Class<T> sealed, Object json) {
        Fields fields = new Fields(place, json);
        String name = fields.string("type");
        Optional<Class<?>> type = named(sealed, sealed.getName() + "$" + name);
        if (type.isEmpty()) {
            type = named(sealed, sealed.getPackageName() + "." + name);
        }
        if (type.isEmpty()) {
            throw unknown(place, records(sealed).toList(), name);
        }
        return sealed.cast(construct(type.get(), fields));
    }

    static <T> T readRecord(String place, List<Class<?>> types, Class<T> sealed, Object json) {
        Fields fields = new Fields(place, json);
        String name = fields.string("type");
        for (Class<?> type : types) {
            if (type.getSimpleName().equals(name)) {
                return sealed.cast(construct(type, fields));
            }
        }
        throw unknown(place, types, name);
    }

    private static Optional<Class<?>> named(Class<?> sealed, String name) {
        try {
            Class<?> type = Class.forName(name, false, sealed.getClassLoader());
            return type.isRecord() && sealed.isAssignableFrom(type) ? Optional.of(type) : Optional.empty();
        } catch (ClassNotFoundException | LinkageError e) {
            return Optional.empty();
        }
    }

    private static IllegalArgumentException unknown(String place, List<Class<?>> types, String name) {
        return new IllegalArgumentException("%s: type: expected one of %s, got %s"
                .formatted(
                        place,
                        types.stream().map(Class::getSimpleName).toList(),
                        name));
    }

    /// The records that a sealed interface permits, by others in between too.
    private static Stream<Class<?>> records(Class<?> sealed) {
        return Arrays.stream(sealed.getPermittedSubclasses())
                .flatMap(type -> type.isRecord() ? Stream.of(type) : records(type));
    }

    private static Object construct(Class<?> type, Fields fields) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            Object later = LATER.get(components[i].getName());
            values[i] = later != null && !fields.has(components[i].getName())
                    ? later
                    : readValue(fields, components[i].getName(), types[i]);
        }
        fields.end();
        try {
            return make(type, types, values);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(fields.place + ": " + e.getMessage(), e);
        } catch (InvocationTargetException e) {
            throw new IllegalArgumentException(
                    fields.place + ": " + (e.getCause() == null ? e : e.getCause().getMessage()), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a record of this package can be made", e);
        }
    }

    /// What most models are made of is made here: reflection links some method handles for each constructor, of which the
    /// first prediction of a process would wait for a tenth of its time.
    private static Object make(Class<?> type, Class<?>[] types, Object[] v) throws ReflectiveOperationException {
        if (type == Input.class) {
            return new Input((String) v[0], (DataType) v[1], (Shape) v[2]);
        }
        if (type == Initializer.Uniform.class) {
            return new Initializer.Uniform((double) v[0], (double) v[1]);
        }
        if (type == Initializer.GlorotUniform.class) {
            return new Initializer.GlorotUniform();
        }
        if (type == Initializer.Orthogonal.class) {
            return new Initializer.Orthogonal();
        }
        if (type == Initializer.Constant.class) {
            return new Initializer.Constant((double) v[0]);
        }
        if (type == Initializer.ForgetGateOne.class) {
            return new Initializer.ForgetGateOne();
        }
        if (type == Embedding.class) {
            return new Embedding((String) v[0], (int) v[1], (int) v[2], (Initializer) v[3], (Mask) v[4],
                    (Embedding.Learning) v[5]);
        }
        if (type == RecurrentSettings.class) {
            return new RecurrentSettings((int) v[0], (RecurrentSettings.Output) v[1], (Direction) v[2], (Bias) v[3],
                    (double) v[4], (Initializer) v[5], (Initializer) v[6], (Initializer) v[7], (Initializer) v[8],
                    (RecurrentSettings.InitialState) v[9], (double) v[10]);
        }
        if (type == LstmForm.class) {
            return new LstmForm((LstmForm.ForgetGate) v[0], (double) v[1], (int) v[2], (Activation) v[3],
                    (Activation) v[4], (Activation) v[5]);
        }
        if (type == Lstm.class) {
            return new Lstm((String) v[0], (RecurrentSettings) v[1], (Lstm.Variant) v[2], (Initializer) v[3],
                    (LstmForm) v[4]);
        }
        if (type == Dense.class) {
            return new Dense((String) v[0], (int) v[1], (Activation) v[2], (Bias) v[3], (Initializer) v[4],
                    (Initializer) v[5]);
        }
        if (type == Gru.class) {
            return new Gru((String) v[0], (RecurrentSettings) v[1], (Gru.Reset) v[2], (Activation) v[3],
                    (Activation) v[4]);
        }
        return type.getConstructor(types).newInstance(v);
    }

    private static Object readValue(Fields fields, String name, Class<?> type) {
        if (type == String.class) {
            return fields.string(name);
        }
        if (type == int.class) {
            long number = fields.number(name);
            if (number != (int) number) {
                throw fields.wrong(name, "a number of 32 bits", number);
            }
            return (int) number;
        }
        if (type == double.class) {
            return fields.real(name);
        }
        if (type == float.class) {
            return (float) fields.real(name);
        }
        if (type.isEnum()) {
            String constant = fields.string(name);
            for (Object candidate : type.getEnumConstants()) {
                if (((Enum<?>) candidate).name().equals(constant)) {
                    return candidate;
                }
            }
            throw fields.wrong(name, "one of " + Arrays.toString(type.getEnumConstants()), constant);
        }
        if (type == Initializer.class) {
            return readRecord(fields.place + "." + name, Initializer.class, fields.take(name));
        }
        if (type == Directed.class || type == Layer.class) {
            return readRecord(fields.place + "." + name, type, fields.take(name));
        }
        if (type == GivenValues.class) {
            return readGiven(new Fields(fields.place + "." + name, fields.take(name)));
        }
        if (type == RecordedCell.class) {
            return CellJson.read(fields.place + "." + name, fields.take(name));
        }
        if (type == RecurrentSettings.class || type == LstmForm.class) {
            return construct(type, new Fields(fields.place + "." + name, fields.take(name)));
        }
        if (type == Shape.class) {
            return readShape(fields, name);
        }
        throw new IllegalStateException("no JSON for " + type);
    }

    private static GivenValues readGiven(Fields given) {
        int rows = (int) readValue(given, "rows", int.class);
        int columns = (int) readValue(given, "columns", int.class);
        String digest = given.string("sha256");
        given.end();
        try {
            return GivenValues.named(rows, columns, digest);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(given.place + ": " + e.getMessage(), e);
        }
    }

    private static Shape readShape(Fields fields, String name) {
        List<?> items = fields.list(name);
        int[] dims = new int[items.size()];
        for (int axis = 0; axis < dims.length; axis++) {
            // No switch over types: the JDK makes a class for each, which a first prediction waits for.
            if (items.get(axis) instanceof String symbol && symbols().containsValue(symbol)) {
                dims[axis] = dim(symbol);
            } else if (items.get(axis) instanceof Long number && number >= 1 && number <= Integer.MAX_VALUE) {
                dims[axis] = number.intValue();
            } else {
                throw fields.wrong(name, "extents or symbols", items);
            }
        }
        return Shape.of(dims);
    }

    /// The symbols of shapes as they are printed: `B`, `T`, `T1` ...
    private static Map<Integer, String> symbols() {
        Map<Integer, String> symbols = new LinkedHashMap<>();
        symbols.put(Shape.BATCH, "B");
        for (int k = 0; k < Shape.TIMES; k++) {
            symbols.put(Shape.time(k), k == 0 ? "T" : "T" + k);
        }
        return symbols;
    }

    private static int dim(String symbol) {
        for (Map.Entry<Integer, String> entry : symbols().entrySet()) {
            if (entry.getValue().equals(symbol)) {
                return entry.getKey();
            }
        }
        throw new IllegalArgumentException("no symbol " + symbol);
    }

    /// An object's fields, each of which must be taken once.
    static final class Fields {
        private final String place;
        private final Map<?, ?> left;

        Fields(String place, Object json) {
            if (!(json instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException("%s: expected an object, got %s".formatted(place, json));
            }
            this.place = place;
            this.left = map;
        }

        boolean has(String name) {
            return left.containsKey(name);
        }

        /// Where the object is.
        String place() {
            return place;
        }

        /// The fields that are left.
        List<String> names() {
            return left.keySet().stream().map(String::valueOf).toList();
        }

        Object take(String name) {
            Object value = left.remove(name);
            if (value == null) {
                throw new IllegalArgumentException("%s: expected a field %s, got none".formatted(place, name));
            }
            return value;
        }

        String string(String name) {
            Object value = take(name);
            if (!(value instanceof String string)) {
                throw wrong(name, "a string", value);
            }
            return string;
        }

        long number(String name) {
            Object value = take(name);
            if (!(value instanceof Long number)) {
                throw wrong(name, "a whole number of 64 bits", value);
            }
            return number;
        }

        double real(String name) {
            Object value = take(name);
            if (!(value instanceof Number number)) {
                throw wrong(name, "a number", value);
            }
            return number.doubleValue();
        }

        List<?> list(String name) {
            Object value = take(name);
            if (!(value instanceof List<?> list)) {
                throw wrong(name, "an array", value);
            }
            return list;
        }

        IllegalArgumentException wrong(String name, String expected, Object actual) {
            return new IllegalArgumentException("%s: %s: expected %s, got %s".formatted(place, name, expected, actual));
        }

        void end() {
            if (!left.isEmpty()) {
                throw new IllegalArgumentException(
                        "%s: expected no other fields, got %s".formatted(place, left.keySet()));
            }
        }
    }

    // ------------------------------------------------------------------------------------------- JSON to a tree

    private static Object tree(String text) {
        try (JsonReader json = StrictJson.reader(text, DEPTH)) {
            Object tree = value(json);
            json.peek(); // refuses what stands behind it
            return tree;
        } catch (MalformedJsonException | EOFException e) {
            StrictJson.Problem problem = StrictJson.Problem.of(e, text);
            throw new IllegalArgumentException("model: character %d: expected JSON, got: %s"
                    .formatted(problem.offset(), problem.text()), e);
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot fail to be read", e);
        }
    }

    private static Object value(JsonReader json) throws IOException {
        JsonToken token = json.peek();
        if (token == JsonToken.BEGIN_OBJECT) {
            Map<String, Object> map = new LinkedHashMap<>();
            json.beginObject();
            while (json.hasNext()) {
                String name = json.nextName();
                if (map.put(name, value(json)) != null) {
                    throw new IllegalArgumentException("model: expected each field once, got %s twice".formatted(name));
                }
            }
            json.endObject();
            return map;
        }
        if (token == JsonToken.BEGIN_ARRAY) {
            List<Object> list = new ArrayList<>();
            json.beginArray();
            while (json.hasNext()) {
                list.add(value(json));
            }
            json.endArray();
            return list;
        }
        if (token == JsonToken.STRING) {
            return json.nextString();
        }
        if (token == JsonToken.NUMBER) {
            return StrictJson.number(json.nextString());
        }
        throw new IllegalArgumentException("model: expected objects, arrays, strings and numbers, got " + token);
    }
}
