namespace Treeline.Futures;

/// <summary>A struct that consists of futures by value.</summary>
internal interface IComposite
{
    /// <summary>A <see cref="Dropper{TFuture}"/> of its own type.</summary>
    internal object MakeDropper();
}
