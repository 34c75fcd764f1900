namespace Treeline;

/// <summary>
/// Something that gives no value and may happen, as one of the things a <see cref="Select{TResult}"/> waits for. Primitives make
/// them: <c>notify.NotifiedCase()</c>, <c>Clock.DelayCase(time)</c>. Making one starts nothing.
/// </summary>
public readonly struct SelectCase
{
    internal SelectCase(ISelectable<Nothing> source) => Source = source;

    internal SelectCase(ISelectTimer timer) => Timer = timer;

    internal ISelectable<Nothing>? Source { get; }

    internal ISelectTimer? Timer { get; }
}
