namespace Treeline;

/// <summary>
/// Something that may happen and then gives a value, as one of the things a <see cref="Select{TResult}"/> waits for. Primitives
/// make them: <c>receiver.ReceiveCase()</c>, <c>child.JoinCase()</c>. Making one starts nothing.
/// </summary>
/// <typeparam name="T">What it gives.</typeparam>
public readonly struct SelectCase<T>
{
    internal SelectCase(ISelectable<T> source) => Source = source;

    /// <summary>Of something that keeps its value: when to look, and how.</summary>
    internal SelectCase(ISelectable<Nothing> signal, Func<T> read)
    {
        Signal = signal;
        Read = read;
    }

    internal ISelectable<T>? Source { get; }

    internal ISelectable<Nothing>? Signal { get; }

    internal Func<T>? Read { get; }
}
