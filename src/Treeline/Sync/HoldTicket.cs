namespace Treeline;

/// <summary>
/// One hold in a <see cref="HoldTable"/>, for good: once it has ended, the ticket means nothing. Copies are the same hold.
/// </summary>
/// <param name="Slot">Its place in the table.</param>
/// <param name="Number">Which of the holds that have been in that place. The default value has been nobody's.</param>
internal readonly record struct HoldTicket(int Slot, int Number);
